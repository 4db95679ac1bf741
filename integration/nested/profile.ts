/** A release of Debian as an image is made of it. */
export interface ImageRecipe {
  readonly suite: string;
  /** Lines of sources.list; main only, so that Node.js is Debian's own. */
  readonly sources: readonly string[];
  readonly packages: readonly string[];
  /** Meta package whose kernel the machine boots. */
  readonly kernelPackage: string;
  readonly diskMiB: number;
  /** The image's own QEMU is kept beside it, for machines whose QEMU is too old to boot hosts. */
  readonly keepsQemu: boolean;
  /**
   * Present where these and what they pull in lie in an apt source of the image instead of being installed, unpacked
   * beside that for the stand-ins alone; apt and dpkg then do as on a fresh Debian.
   */
  readonly atHand?: readonly string[];
}

/** One cell of a virtual machine. */
export interface ProfileCell {
  /** Kernel list syntax; `""` for a cell that has only memory. */
  readonly cpus: string;
  readonly memoryMiB: number;
  /** 2 MiB pages reserved at boot. */
  readonly hugePages: number;
}

/** A virtual hypervisor node: what it is made of and how long it may take to come up. */
export interface Profile {
  readonly name: string;
  /** One sentence for people. */
  readonly about: string;
  readonly image: ImageRecipe;
  /** What guests inside run under: KVM, or QEMU's own TCG. */
  readonly guests: 'kvm' | 'qemu';
  /** `-cpu`. */
  readonly cpu: string;
  /** `-smp`. */
  readonly smp: string;
  readonly cells: readonly ProfileCell[];
  /** Distance from each cell to each, in their order (10 is a cell to itself); the same there and back. */
  readonly distances: readonly (readonly number[])[];
  /** Further QEMU arguments, e.g. a device behind a PCI bridge of one cell. */
  readonly devices: readonly string[];
  readonly kernelArguments: readonly string[];
  /** What it is for: scenarios, or the six commands of a newcomer. */
  readonly plays: 'scenarios' | 'newcomer';
  /**
   * Whether Pinfold's own programs run on the quick Node there, too (PINFOLD_NODE, which any operator may set); else on Debian's Node as
   * it is.
   */
  readonly quickNode: boolean;
  /** From launch to a login that works, without a snapshot. */
  readonly bootTimeoutMs: number;
}
