/** What the suite needs on this machine, all from Debian: the browser, and a font with the signs of the map. */
export const PACKAGES: readonly string[] = ['chromium', 'fonts-dejavu-core'];

/** Where Debian puts the browser. */
export const CHROMIUM = '/usr/bin/chromium';

/**
 * Without a sandbox, because the suite runs as root; without a GPU and without anything that would use the network
 * by itself.
 */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
