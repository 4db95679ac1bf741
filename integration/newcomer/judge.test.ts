import { judge } from './judge.ts';

const GOOD = {
  before: '',
  commands: ['qm start 100', 'pinfold status'],
  codes: ['0', '0'],
  threads: 'kvm:0,4\nCPU 0/TCG:1\nCPU 1/TCG:3\n',
  text: 'root@nested:~# pinfold status\n A web  2 vCPUs on 1,3 · emulator 0\nroot@nested:~#',
};
const faultsOf = (change: Partial<typeof GOOD>) =>
  judge({ ...GOOD, ...change })
    .filter(({ good }) => !good)
    .map(({ what }) => what);

describe("what is said of a newcomer's trial", () => {
  test('nothing when all is well', () => {
    expect(faultsOf({})).toEqual([]);
  });

  test.each([
    [
      'a node that has Node.js already',
      { before: '/usr/bin/node' },
      'what of Node.js and Pinfold the fresh node has',
    ],
    ['a command that failed', { codes: ['1', '0'] }, 'exit code of "qm start 100"'],
    ['a command whose end nobody saw', { codes: ['0'] }, 'exit code of "pinfold status"'],
    [
      'two vCPUs on one CPU',
      { threads: 'CPU 0/TCG:1\nCPU 1/TCG:1', text: 'root# pinfold status\nvCPUs on 1' },
      "CPUs of the VM's vCPU threads by the kernel",
    ],
    [
      'vCPUs that float',
      { threads: 'CPU 0/TCG:1-2\nCPU 1/TCG:1-2', text: 'root# pinfold status\nvCPUs on 1-2' },
      "CPUs of the VM's vCPU threads by the kernel",
    ],
    [
      'an answer with other CPUs than the kernel has',
      { text: '# pinfold status\n 2 vCPUs on 1,2' },
      'CPUs of the VM by the last answer',
    ],
    [
      'CPUs that an earlier answer named alone',
      { text: '# qm start 100\n 2 vCPUs on 1,3\n# pinfold status\nnothing' },
      'CPUs of the VM by the last answer',
    ],
  ])('%s', (_, change, fault) => {
    expect(faultsOf(change)).toContain(fault);
  });
});
