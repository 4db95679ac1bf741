import { parseVmConfig, printVmConfig, withPendingApplied, withPendingChange } from './vm-config.ts';

const TEXT = `#first%3A line
cores: 2
memory: 512
tags: pin-db;web
#second line

[PENDING]
affinity: 1-2
delete: balloon

[special:cloudinit]
ipconfig0: ip=dhcp

[before]
cores: 1
snaptime: 1700000000
`;

it('drops unknown keys and sections with a warning, sorts keys and moves notes to the top', () => {
  const config = parseVmConfig(`zzz: 1\nx-placement: a\n${TEXT}[special:placement]\ncells: 1\n`, '100');
  expect(config.warnings).toEqual([
    "vm 100 - unable to parse value of 'zzz' - unknown setting 'zzz'",
    "vm 100 - unable to parse value of 'x-placement' - unknown setting 'x-placement'",
    "vm 100 - ignore unknown special section 'placement'",
  ]);
  expect(printVmConfig(config)).toBe(
    TEXT.replace('\n#second line\n', '\n').replace('#first%3A line\n', '#first%3A line\n#second line\n'),
  );
});

it('puts in force what was pending', () => {
  const config = parseVmConfig(`balloon: 0\n${TEXT}`, '100');
  const { main, others } = withPendingApplied(config);
  expect(Object.fromEntries(main.settings)).toEqual({
    cores: '2',
    memory: '512',
    tags: 'pin-db;web',
    affinity: '1-2',
  });
  expect(others.map(({ name }) => name)).toEqual(['special:cloudinit', 'before']);
});

it('lets a pending value revoke a pending deletion and the other way round', () => {
  const config = parseVmConfig(TEXT, '100');
  const first = withPendingChange(config, { values: new Map([['balloon', '64']]), deleted: ['affinity'] });
  const pending = first.others.find(({ name }) => name === 'PENDING')!;
  expect(Object.fromEntries(pending.settings)).toEqual({ balloon: '64', delete: 'affinity' });
});
