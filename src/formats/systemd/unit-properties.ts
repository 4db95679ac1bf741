/** What `systemctl show UNIT -p A -p B` prints: one `Name=value` line each, by name; later lines win. */
export function readUnitProperties(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const equals = line.indexOf('=');
      return equals <= 0 ? [] : [[line.slice(0, equals), line.slice(equals + 1)]];
    }),
  );
}
