import { textTreeOf } from '../../formats/text-tree.ts';
import { isUnderHa } from './ha-resources.ts';
import { startKind, type StartFacts } from './start-kind.ts';

const facts: StartFacts = {
  vmid: '101',
  migratedFrom: null,
  config: { lock: null, template: false },
  title: 'task UPID:pve1:0000AB12:00001234:67890ABC:qmstart:101:root@pam:',
};
const task = (type: string) => facts.title.replace('qmstart', type);
const tree = (resources: string) => textTreeOf(new Map([['/etc/pve/ha/resources.cfg', resources]]));

test.each<[string, Partial<StartFacts>]>([
  ['plain', {}],
  ['plain', { title: 'bash' }],
  ['migration', { migratedFrom: 'pve2', config: { lock: 'backup', template: false } }],
  ['remote-migration', { title: task('qmtunnel'), config: { lock: 'create', template: false } }],
  ['remote-migration', { title: '/usr/bin/perl -T /usr/sbin/qm mtunnel' }],
  ['backup', { title: task('vzdump') }],
  ['backup', { config: { lock: 'backup', template: true } }],
  ['backup', { config: { lock: 'backup', template: false }, title: 'bash' }],
  ['after-backup', { config: { lock: 'backup', template: false } }],
  ['resume', { config: { lock: 'suspended', template: false } }],
  ['rollback', { title: task('qmrollback') }],
  ['restore', { config: { lock: 'create', template: false } }],
  ['template', { config: { lock: null, template: true } }],
])('a start is told to be %s by %j', (kind, over) => {
  expect(startKind({ ...facts, ...over }, tree(''))).toBe(kind);
});

test('a VM is under HA by its own section, unless that says ignored', () => {
  const other = 'vm: 1011\n\tstate started\n\nct: 101\n\tstate started\n\n';
  expect(isUnderHa(other, '101')).toBe(false);
  expect(isUnderHa(`${other}vm: 101\n\tgroup a\n\tstate started\n`, '101')).toBe(true);
  expect(isUnderHa(`vm: 101\n\tstate ignored\n\n${other}`, '101')).toBe(false);
  expect(startKind(facts, tree('vm: 101\n'))).toBe('ha');
});
