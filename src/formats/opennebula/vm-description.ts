/** What OpenNebula's vm.xml says about a VM, as far as placement needs it. */
export interface VmDescription {
  readonly vmId: number;
  readonly name: string | null;
  /** null when the template does not say. */
  readonly vcpus: number | null;
  readonly memoryMiB: number | null;
  /** The operator's `PINFOLD=[…]`; null = this VM has no policy. */
  readonly policy: VmPolicy | null;
  /** The tenant's `PINFOLD_WISH=[…]`. */
  readonly wish: VmWish | null;
  /** Whether OpenNebula itself pins this VM (TOPOLOGY with a pin policy, a node or large pages). */
  readonly hasOwnTopologyPins: boolean;
}

/** The operator's word. */
export interface VmPolicy {
  /** `PROFILE`, null when none is named. */
  readonly profile: string | null;
  /** Under Nova's names; a name that is none is under a key that no validator takes. */
  readonly extraSpecs: Readonly<Record<string, string>>;
  /** By key of `extraSpecs`: the attribute as the user wrote it, for messages. */
  readonly spelling: Readonly<Record<string, string>>;
}

/** The tenant's refinement. */
export interface VmWish {
  readonly imageProperties: Readonly<Record<string, string>>;
  readonly spelling: Readonly<Record<string, string>>;
}
