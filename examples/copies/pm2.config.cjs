// npx pm2 start examples/copies/pm2.config.cjs
module.exports = {
  apps: [{
    name: "my-api",
    script: "examples/copies/pm2.mjs",
    exec_mode: "cluster",
    instances: 4,
    // For the package's own sources; an app that has it from a registry needs none.
    node_args: "--import tsx",
  }],
};
