import type { DomainPort, NodePort, RunResult } from '../../app/ports.ts';

/** Pins are set in milliseconds; a libvirtd that does not answer for this long hangs. */
const VIRSH_TIMEOUT_MS = 15_000;

/**
 * The domains of a node through its `virsh`, at this connection URI. `scratch` is a folder for files that exist
 * during one call only.
 */
export function virsh(node: NodePort, uri: string, scratch: string): DomainPort {
  const call = (...words: readonly string[]) =>
    node.run(['virsh', '--connect', uri, ...words], { timeoutMs: VIRSH_TIMEOUT_MS });
  const done = async (result: Promise<RunResult>) => {
    const { code, stderr } = await result;
    return code === 0 ? null : firstLine(stderr) || `virsh ended with ${code ?? 'no'} exit code`;
  };
  const text = async (result: Promise<RunResult>) => {
    const { code, stdout } = await result;
    return code === 0 && stdout.trim() !== '' ? stdout : null;
  };
  return {
    dumpXml: domain => text(call('dumpxml', domain)),
    migratableXml: domain => text(call('dumpxml', domain, '--migratable', '--security-info')),
    pinVcpu: (domain, vcpu, cpus) => done(call('vcpupin', domain, String(vcpu), cpus, '--live')),
    pinEmulator: (domain, cpus) => done(call('emulatorpin', domain, cpus, '--live')),
    pinIothread: (domain, iothread, cpus) =>
      done(call('iothreadpin', domain, String(iothread), cpus, '--live')),
    savedXml: file => text(call('save-image-dumpxml', file, '--security-info')),
    // A file, because what a program gets from Node on its standard input is a socket, which has no /dev/stdin.
    replaceSavedXml: async (file, xml) => {
      const temporary = `${scratch}/saved-${process.pid}.xml`;
      node.writeAtomically(temporary, xml, 0o600);
      try {
        return await done(call('save-image-define', file, temporary));
      } finally {
        node.remove(temporary);
      }
    },
  };
}

/** libvirt writes `error: …` lines; the first says what is wrong. */
function firstLine(stderr: string): string {
  return (stderr.trim().split('\n')[0] ?? '').replace(/^error:\s*/, '').replace(/\.$/, '');
}
