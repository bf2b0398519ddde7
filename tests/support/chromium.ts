/** Where Debian's package puts it. */
export const chromiumPath = "/usr/bin/chromium";

/** Without a sandbox, which a container does not let it have, and without a word to the world. */
export const chromiumArguments: string[] = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
];
