/** One act on the cgroup tree; steps are carried out in their order, and each may be refused by the kernel. */
export type CgroupStep =
  | { readonly act: 'make' | 'remove'; readonly group: string }
  | {
      readonly act: 'write';
      readonly group: string;
      readonly file: string;
      readonly text: string;
      /** A refusal of this step is no failure of the plan, e.g. a thread that ended meanwhile. */
      readonly optional?: true;
    };

/** The step that writes a text into a file of a group. */
export function write(group: string, file: string, text: string): CgroupStep {
  return { act: 'write', group, file, text };
}

/** The same where a refusal is no failure. */
export function tryToWrite(group: string, file: string, text: string): CgroupStep {
  return { act: 'write', group, file, text, optional: true };
}
