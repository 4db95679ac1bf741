import { waitUntil } from '../kit/wait-until.ts';
import { backendPages } from '../player/pve-reading.ts';
import { OPERATOR, twoCells } from './proxmox-operator.ts';
import type { Scenario } from './scenario.ts';

export const scenario: Scenario = {
  starts:
    'guests of two cells whose config names the host cells: one that fits there, and one whose cells are taken by then, with and without leave to be asked for again',
  sees: [
    'a guest that fits is placed on the cells that its config names',
    'where they no longer fit and the profile allows it, the config is rewritten, the first start ends, and the one that follows by itself runs on other cells',
    'its memory lies where the rewritten config says',
  ],
  hosts: ['trixie'],
  proxmox: OPERATOR,
  async play(stage) {
    const pve = stage.proxmox;
    const hookscript = 'local:snippets/pinfold';
    pve.configure(130, { ...twoCells([2, 3]), hookscript });
    await pve.mustQm('start', 130);
    const first = pve.agrees(130, 4);
    const cellsOf = (seen: typeof first) => seen.record.placement!.cells.map(({ hostCell }) => hostCell);
    stage.check('host cells of VM 130', cellsOf(first), [2, 3]);

    pve.configure(131, { ...twoCells([2, 3]), tags: 'pin-movable', hookscript });
    const asked = await pve.qm('start', 131);
    stage.check('exit code of the first start', asked.code, 255);
    await waitUntil(
      () => (stage.ledger.some(({ vm, process }) => vm === '131' && process !== null) ? true : null),
      {
        what: 'VM 131 to be started again by itself',
        timeoutMs: 90_000,
        everyMs: 1000,
      },
    );
    const second = pve.agrees(131, 4);
    const moved = cellsOf(second);
    stage.check(
      'host cells of VM 131',
      [...moved].sort((a, b) => a - b),
      [0, 1],
    );
    stage.check(
      'host cells in its config',
      [...pve.config(131).matchAll(/^numa\d: .*hostnodes=(\d)/gm)].map(([, cell]) => Number(cell)),
      moved,
    );
    stage.check(
      '2 MiB pages of each guest cell of VM 131',
      backendPages(stage.read(`/proc/${second.pid}/numa_maps`)),
      {
        'ram-node0': { [moved[0]!]: 32 },
        'ram-node1': { [moved[1]!]: 32 },
      },
    );
  },
};
