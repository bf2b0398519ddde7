// Stands in for dnt, which comes from JSR: tells what it was asked to build, and builds nothing.

export function emptyDir(): Promise<void> {
  return Promise.resolve();
}

export function build(options: object): Promise<void> {
  console.log(JSON.stringify(options));
  return Promise.resolve();
}
