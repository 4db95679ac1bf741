/** A request that the server refuses: its status, its words, and which parameters were wrong. */
export class ApiFault extends Error {
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | undefined;
  /** Refusals before a handler runs (tickets) have no body at all. */
  readonly bare: boolean;

  constructor(
    status: number,
    message: string,
    more: { readonly errors?: Readonly<Record<string, string>>; readonly bare?: boolean } = {},
  ) {
    super(message);
    this.status = status;
    this.errors = more.errors;
    this.bare = more.bare ?? false;
  }
}

/** Wrong parameters, as PVE::JSONSchema words them. */
export function parameterFault(errors: Readonly<Record<string, string>>): ApiFault {
  return new ApiFault(400, 'Parameter verification failed.\n', { errors });
}
