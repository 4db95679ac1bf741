import { fstatSync, readFileSync, writeSync } from 'node:fs';
import { openTreeNode } from '../../src/adapters/embedded/tree-node.ts';
import { ledgerStore } from '../../src/adapters/ledger/ledger-store.ts';
import { RUN_FOLDER, stateFolder } from '../../src/adapters/ledger/state-folder.ts';
import { virsh } from '../../src/adapters/libvirt/virsh.ts';
import { localNode } from '../../src/adapters/local/local-node.ts';
import type { DriverCall, MigrationPorts } from '../../src/app/opennebula/driver-call.ts';
import { readProcessId } from '../../src/formats/proc/process-id.ts';

/** Where OpenNebula keeps its scripts on a host, unless the wrappers say otherwise (SCRIPTS_REMOTE_DIR). */
const SCRIPTS = '/var/tmp/one';
/** The action that talks with who called it, line by line. */
const ARRIVE = 'arrive';

/**
 * The call in these words, on this machine or in a tree. Everything behind the ledger is made when it is first
 * asked for, because a VM without policy must not depend on it.
 */
export function openDriverCall(words: readonly string[]): DriverCall {
  const inTree = words[0] === '--root';
  const root = inTree ? (words[1] ?? '') : '/';
  const [action = '', ...args] = inTree ? words.slice(2) : words;
  const node = inTree ? openTreeNode(root) : localNode();
  const { env } = process;
  const state = once(() => (inTree ? RUN_FOLDER : (env['PINFOLD_STATE_DIR'] ?? stateFolder())));
  const announced = once(announceLaunch);
  const ledger = once(() =>
    ledgerStore({ node, folder: state(), root, ...lockWait(env['PINFOLD_TIMEOUT']) }),
  );
  return {
    action,
    args,
    // A terminal or /dev/null has nothing to say.
    stdin: action === ARRIVE || fstatSync(0).isCharacterDevice() ? '' : readFileSync(0, 'utf8'),
    hasSection: env['PINFOLD_SHIM'] !== undefined,
    node,
    get ledger() {
      return ledger();
    },
    get domains() {
      return virsh(node, env['LIBVIRT_URI'] ?? 'qemu:///system', state());
    },
    get owner() {
      return readProcessId(node.files, process.pid) ?? `${process.pid}:0`;
    },
    folders: {
      stock: env['PINFOLD_KVM_DIR'] ?? `${SCRIPTS}/vmm/kvm`,
      policy: env['PINFOLD_ETC_DIR'] ?? `${SCRIPTS}/etc/vmm/kvm/pinfold`,
      get state() {
        return state();
      },
    },
    migration: migrationPorts(env),
    at(point) {
      if (point === 'decided') announced();
      if (inTree && env['PINFOLD_KILL_AT'] === point) process.kill(process.pid, 'SIGKILL');
    },
  };
}

/** A host that is asked at all gets this long, milliseconds. */
const LEAST_ANSWER_MS = 1000;

/** What a live migration needs is loaded by one alone. */
function migrationPorts(env: NodeJS.ProcessEnv): MigrationPorts {
  const parts = () => import('./migration-parts.ts');
  const wholeMs = (Number(env['PINFOLD_TIMEOUT']) || 20) * 800;
  return {
    toHost: async host => (await parts()).pinfoldOn(host, env),
    fromSource: async () => (await parts()).caller(),
    environment: async file => (await parts()).migrationEnvironment(file, env),
    // The wrapper counts from this program's start, and a verdict of our own is kinder than its: so the lock and virsh come off.
    get answerMs() {
      return Math.max(LEAST_ANSWER_MS, wholeMs - Math.round(process.uptime() * 1000));
    },
  };
}

/** Half of what the operator lets a decision take, so that a start that waits in vain can still say so. */
function lockWait(seconds: string | undefined): { readonly waitSeconds?: number } {
  const limit = Number(seconds ?? '');
  return Number.isFinite(limit) && limit > 0 ? { waitSeconds: limit / 2 } : {};
}

/**
 * From here on OpenNebula's script may run: the wrapper's time limit, which is for the decision, no longer cuts this off,
 * and the wrapper, which reads standard error, knows that the guest may be there, whatever becomes of this process.
 */
function announceLaunch(): void {
  process.on('SIGTERM', () => undefined);
  if (process.env['PINFOLD_SHIM'] === undefined) return;
  try {
    writeSync(2, 'pinfold-launching\n');
  } catch {
    // Nobody reads it.
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
