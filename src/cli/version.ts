/** Replaced by the version of package.json when the program is bundled. */
declare const PINFOLD_VERSION: string | undefined;

/** Pinfold's version; `development` where it runs from its sources. */
export function version(): string {
  return typeof PINFOLD_VERSION === 'undefined' ? 'development' : PINFOLD_VERSION;
}
