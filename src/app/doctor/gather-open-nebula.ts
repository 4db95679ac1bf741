import { readHostPool } from '../../formats/opennebula/read-host-pool.ts';
import { readOnedConf } from '../../formats/opennebula/read-oned-conf.ts';
import { sentenceOf } from '../sentence-of.ts';
import type { OpenNebulaFacts, OpenNebulaHost } from './facts.ts';
import type { DoctorTools } from './gather-facts.ts';

/** A host's copy of the remotes, and the front-end's master copy. */
const REMOTES = ['/var/tmp/one', '/var/lib/one/remotes'];
const CONF = '/etc/one/oned.conf';
/** Root has no login of its own: it uses oneadmin's. */
const LIST = 'ONE_AUTH=${ONE_AUTH:-/var/lib/one/.one/one_auth} exec onehost list -x';

/** A host or front-end of OpenNebula; null elsewhere. */
export async function gatherOpenNebula({ node, place }: DoctorTools): Promise<OpenNebulaFacts | null> {
  const { files } = node;
  const drivers = REMOTES.filter(path => files.list(`${path}/vmm/kvm`).length > 0).map(path => {
    const ours = files.list(`${path}/vmm/kvmpinfold`);
    return {
      path: `${path}/vmm/kvmpinfold`,
      isThere: ours.length > 0,
      missing: ours.length === 0 ? [] : files.list(`${path}/vmm/kvm`).filter(name => !ours.includes(name)),
    };
  });
  const conf = files.read(CONF);
  if (drivers.length === 0 && conf === null) return null;
  return {
    drivers,
    oned: conf === null ? null : readOnedConf(conf),
    hosts: conf === null || place === 'tree' ? null : await hosts(node),
  };
}

async function hosts(node: DoctorTools['node']): Promise<readonly OpenNebulaHost[] | string> {
  const { code, stdout, stderr } = await node.run(['sh', '-c', LIST], { timeoutMs: 20_000 });
  if (code !== 0) return (stderr || stdout).trim().replace(/\s+/g, ' ').slice(0, 200) || 'it was too slow';
  try {
    return readHostPool(stdout);
  } catch (error) {
    return sentenceOf(error).replace(/\.$/, '');
  }
}
