import { textTreeOf } from '../../formats/text-tree.ts';
import { hostOf } from '../../machines/host-of.ts';
import { NAMED_MACHINES } from '../../machines/named-machines.ts';
import type { NodePort } from '../ports.ts';
import { previewStart } from './preview-start.ts';

const FILES = {
  '/etc/pve/pinfold/policy.yaml': 'trust_tags: any\n',
  '/etc/pve/pinfold/profiles.yaml':
    'fast:\n  extra_specs: { "hw:cpu_policy": dedicated }\n  on_refusal: float\n',
};

/** What a start of VM 100 would do on two cells of which a guest has taken cell 0 whole. */
function preview(lines: string) {
  const config = `cores: 2\nmemory: 512\ntags: pin-fast\n${lines}`;
  const files = textTreeOf(new Map(Object.entries({ ...FILES, '/etc/pve/qemu-server/100.conf': config })));
  const pcpus = '0-7,16-23';
  const node = { name: 'pve1', files, writeAtomically: () => undefined } as unknown as NodePort;
  return previewStart({
    vmid: '100',
    node,
    folders: { policy: '/etc/pve/pinfold', state: '/run/pinfold' },
    host: hostOf(NAMED_MACHINES['dual-socket-smt'], {}, [
      {
        vm: '900',
        source: 'observed',
        cells: [{ hostCell: 0, pcpus, sharedVcpus: 0, memoryMiB: 64, pageSizeKiB: null, pages: 16384 }],
      },
    ]),
  });
}

test('a floating guest whose memory is bound to a full cell is shown to start without a placement, as its start does', async () => {
  const bound = await preview('numa: 1\nnuma0: cpus=0-1,hostnodes=0,memory=512,policy=bind\n');
  expect(bound.decision).toMatchObject({ fits: true, placement: null });
  expect(bound.sentences.join(' ')).toMatch(/host cell 0, where it does not fit now.*policy says float/);
  expect((await preview('')).decision).toMatchObject({ fits: true, placement: { nodeset: '1' } });
});
