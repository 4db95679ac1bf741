import { parseVmConfig } from './parse-vm-config.ts';
import { readGuestConfig } from './read-guest-config.ts';

const guest = (text: string) => readGuestConfig(parseVmConfig(text));

describe('a VM configuration is read as Proxmox VE does', () => {
  test('a line with # counts for the description of its section, wherever it stands', () => {
    const { main, snapshots } = parseVmConfig(
      'cores: 2\n#one%3A 50%25\nmemory: 64\n#two\n[s1]\ncores: 1\n#three\n',
    );
    expect(main.description).toBe('one: 50%\ntwo');
    expect(snapshots.get('s1')!.description).toBe('three');
  });

  test('notes are percent-encoded UTF-8', () => {
    expect(parseVmConfig('#Gr%C3%BC%C3%9Fe %E2%82%AC %zz\n').main.description).toBe('Grüße € %zz');
  });

  test('[Pending] is found in any case, and what it deletes is gone at the next start', () => {
    const text = 'affinity: 0-1\ncores: 2\nmemory: 64\n[Pending]\ndelete: affinity\nmemory: 128\n';
    expect(guest(text)).toMatchObject({ affinity: null, memoryMiB: 128, cores: 2 });
    const now = readGuestConfig(parseVmConfig(text), { pending: false });
    expect(now.affinity?.toString()).toBe('0-1');
    expect(now.memoryMiB).toBe(64);
  });

  test('sections that it does not know are skipped with everything in them', () => {
    const config = parseVmConfig(
      'cores: 2\n[special:placement]\ncores: 8\n[special:CloudInit]\nx y\nname: a\n',
    );
    expect(config.sections.map(({ kind }) => kind)).toEqual(['main', 'unknown', 'cloudinit']);
    expect(guest(config.text).cores).toBe(2);
    expect(config.warnings).toEqual([
      "skipping unknown section: 'special:placement'",
      'unable to parse config: x y',
    ]);
  });

  test('an unknown key, a value of the wrong type and a line that is none are warnings', () => {
    const config = parseVmConfig(
      'x-placement: 1\ncores: two\nnonsense\nnuma0: cpus=0,policy=nope\naffinity: zz\n',
    );
    expect(config.warnings).toEqual([
      "unable to parse value of 'x-placement' - unknown setting 'x-placement'",
      "unable to parse value of 'cores' - type check ('integer') failed - got 'two'",
      'unable to parse config: nonsense',
      "unable to parse value of 'numa0' - invalid format - format error\nnuma0.policy: value 'nope' does not have a value in the enumeration 'preferred, bind, interleave'",
      "unable to parse value of 'affinity' - invalid format - unable to parse cpuset option",
    ]);
    expect(config.main.values.size).toBe(0);
  });

  test('of a key that stands twice the last valid value counts', () => {
    expect(guest('cores: 2\ncores: 4\ncores: many\n').cores).toBe(4);
  });

  test('carriage returns, blanks and a missing last line feed change nothing', () => {
    expect(guest('cores: 2 \r\n\r\nsockets:  2\r\n[PENDING]\r\nvcpus: 3')).toMatchObject({
      cores: 2,
      sockets: 2,
      vcpus: 3,
    });
    expect(parseVmConfig('boot: \n').main.values.get('boot')).toBe(' ');
  });
});

describe('what a start makes of a configuration', () => {
  test('defaults: 1 vCPU, 512 MiB, no cells', () => {
    expect(guest('')).toMatchObject({
      vcpus: 1,
      maxVcpus: 1,
      memoryMiB: 512,
      numa: false,
      cells: [],
      tags: [],
    });
  });

  test('vcpus limits the vCPUs that it starts with, and current= is the memory', () => {
    expect(guest('sockets: 2\ncores: 4\nvcpus: 3\nmemory: current=4096\nballoon: 1024\n')).toMatchObject({
      vcpus: 3,
      maxVcpus: 8,
      memoryMiB: 4096,
    });
    expect(guest('cores: 2\nvcpus: 9\n').vcpus).toBe(2);
  });

  test('numaN is read with its host cells', () => {
    const { cells } = guest(
      'numa: 1\nnuma1: cpus=4-5;7,hostnodes=3,memory=512,policy=bind\nnuma0: cpus=0-3;6,memory=512\n',
    );
    expect(
      cells.map(cell => ({ ...cell, vcpus: cell.vcpus.toString(), hostCells: cell.hostCells?.toString() })),
    ).toEqual([
      { guestCell: 0, vcpus: '0-3,6', memoryMiB: 512, hostCells: undefined, policy: null },
      { guestCell: 1, vcpus: '4-5,7', memoryMiB: 512, hostCells: '3', policy: 'bind' },
    ]);
  });

  test('tags are separated by ; , and blanks', () => {
    expect(guest('tags: pin-db;prod, web x\n').tags).toEqual(['pin-db', 'prod', 'web', 'x']);
  });

  test('iothreads count where QEMU gets them: virtio disks, and SCSI disks with a controller each', () => {
    const disks =
      'scsi0: local:a,iothread=1\nscsi1: local:b,iothread=0\nvirtio2: local:c,iothread=1\nide0: local:d\n';
    expect(guest(`scsihw: virtio-scsi-single\n${disks}`).iothreads).toEqual(['scsi0', 'virtio2']);
    expect(guest(`scsihw: virtio-scsi-pci\n${disks}`).iothreads).toEqual(['virtio2']);
  });

  test('host devices by address, by whole device, by mapping, and mediated ones', () => {
    expect(
      guest(
        'hostpci0: 0000:21:00.0;21:00.1,pcie=1\nhostpci1: host=41:00\nhostpci2: mapping=gpu,mdev=nvidia-63\n',
      ).devices,
    ).toEqual([
      { key: 'hostpci0', addresses: ['0000:21:00.0', '0000:21:00.1'], mapping: null, mediated: false },
      { key: 'hostpci1', addresses: ['0000:41:00'], mapping: null, mediated: false },
      { key: 'hostpci2', addresses: [], mapping: 'gpu', mediated: true },
    ]);
  });

  test('hotplug, lock, template, hookscript and args are told', () => {
    expect(
      guest(
        'hotplug: cpu,memory\nlock: suspended\ntemplate: 1\nhookscript: local:snippets/x\nargs: -readconfig /x\nhugepages: 1024\n',
      ),
    ).toMatchObject({
      hotplug: ['cpu', 'memory'],
      lock: 'suspended',
      template: true,
      hookscript: 'local:snippets/x',
      args: '-readconfig /x',
      hugepages: '1024',
    });
    expect(guest('').hotplug).toEqual(['network', 'disk', 'usb']);
    expect(guest('hotplug: 0\n').hotplug).toEqual([]);
  });
});
