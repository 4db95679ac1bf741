/** The `<VM>` of a driver message, as it stands there; null where it holds none. */
export function vmOfMessage(message: string): string | null {
  const start = message.indexOf('<VM>');
  const end = message.lastIndexOf('</VM>');
  return start < 0 || end < start ? null : message.slice(start, end + '</VM>'.length);
}
