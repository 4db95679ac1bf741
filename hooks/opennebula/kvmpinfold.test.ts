import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrationEnvironment } from './migration-parts.ts';

/** A stock action that records what it was given, and says what the real one would. */
const STOCK = `#!/bin/bash
cat >"$RECORD/stdin"
printf '%s\\n' "$@" >"$RECORD/args"
echo "INFO: stock: done" >&2
echo uuid-of-the-guest
exit \${STOCK_CODE:-0}
`;
/** Bytes that a careless shell would change: no line end at the end, blanks, backslashes, percent signs. */
const XML = "<domain type='kvm'>\n\t<name>one-7</name>  \\n %s $HOME `x`\n\n</domain>\n\n  ";
const section = (...keys: string[]) =>
  `<VM><USER_TEMPLATE><PINFOLD>${keys.join('')}<PROFILE><![CDATA[database]]></PROFILE></PINFOLD></USER_TEMPLATE></VM>`;
const WITHOUT =
  '<VM><USER_TEMPLATE><PINFOLD_WISH><HW_NUMA_NODES>2</HW_NUMA_NODES></PINFOLD_WISH></USER_TEMPLATE></VM>';

let top: string;
const at = (...parts: string[]) => join(top, ...parts);

/** A front-end's remotes with stock scripts, Pinfold's wrappers installed, and a hook that is this program. */
function install(hook: string): void {
  cpSync(__dirname, at('delivery/hooks/opennebula'), { recursive: true });
  mkdirSync(at('delivery/dist'), { recursive: true });
  writeFileSync(at('delivery/dist/hook-opennebula.cjs'), hook);
  mkdirSync(at('remotes/vmm/kvm'), { recursive: true });
  mkdirSync(at('remotes/etc/vmm/kvm'), { recursive: true });
  mkdirSync(at('vm'), { recursive: true });
  mkdirSync(at('record'), { recursive: true });
  writeFileSync(at('remotes/etc/vmm/kvm/kvmrc'), 'export LIBVIRT_URI=qemu:///session\n');
  for (const action of [
    'deploy',
    'restore',
    'save',
    'cancel',
    'shutdown',
    'resize',
    'migrate',
    'reboot',
    'poll',
  ]) {
    writeFileSync(at('remotes/vmm/kvm', action), STOCK);
    chmodSync(at('remotes/vmm/kvm', action), 0o755);
  }
  runInstaller();
}

function runInstaller(...options: string[]) {
  return spawnSync(at('delivery/hooks/opennebula/install'), [...options, at('remotes')], {
    encoding: 'utf8',
  });
}

function call(action: string, args: readonly string[], stdin: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(at('remotes/vmm/kvmpinfold', action), args, {
    input: stdin,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', RECORD: at('record'), ...env },
  });
  return { status, stdout, stderr };
}

const deploy = (vmXml: string | null, env?: Record<string, string>) => {
  if (vmXml !== null) writeFileSync(at('vm/vm.xml'), vmXml);
  return call('deploy', [at('vm/deployment.0'), 'host', '7', 'host'], XML, env);
};
const recorded = (name: string) =>
  existsSync(at('record', name)) ? readFileSync(at('record', name), 'utf8') : null;

const STARTED = { status: 0, stdout: 'uuid-of-the-guest\n', stderr: 'INFO: stock: done\n' };
const HANDLED = `
const { spawnSync } = require('node:child_process');
const [action, ...args] = process.argv.slice(2);
const input = require('node:fs').readFileSync(0, 'utf8');
const stock = spawnSync(process.env.PINFOLD_KVM_DIR + '/' + action, args, { input: 'placed ' + input, encoding: 'utf8' });
process.stdout.write(stock.stdout);
process.stderr.write('WARN: pinfold: ' + process.env.LIBVIRT_URI + '\\n' + stock.stderr + 'pinfold-done ' + stock.status + '\\n');
process.exitCode = stock.status;
`;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'pinfold-driver-'));
});
afterEach(() => {
  rmSync(top, { recursive: true, force: true });
});

describe('a VM without a PINFOLD section', () => {
  test.each([
    ['with Pinfold in order', () => undefined],
    [
      'with a broken bundle',
      () => {
        writeFileSync(at('remotes/vmm/kvmpinfold/pinfold/hook-opennebula.cjs'), 'throw 1');
      },
    ],
    [
      'with the whole bundle gone',
      () => {
        rmSync(at('remotes/vmm/kvmpinfold/pinfold'), { recursive: true });
      },
    ],
    [
      'with the shared shell code gone',
      () => {
        rmSync(at('remotes/vmm/kvmpinfold/pinfold.sh'));
      },
    ],
    [
      'with a configuration that is no shell',
      () => {
        writeFileSync(at('remotes/etc/vmm/kvm/pinfold/driver.conf'), 'exit 3 (((');
      },
    ],
  ])('starts byte for byte as it came, %s', (_, breakIt) => {
    install(HANDLED);
    breakIt();
    expect(deploy(WITHOUT)).toEqual(STARTED);
    expect(recorded('stdin')).toBe(XML);
    expect(recorded('args')).toBe(`${at('vm/deployment.0')}\nhost\n7\nhost\n`);
  });

  test('starts without Node on the machine, and without a vm.xml', () => {
    install(HANDLED);
    expect(deploy(null, { PATH: '/usr/bin:/bin', PINFOLD_NODE: '/nonexistent' })).toEqual(STARTED);
    expect(recorded('stdin')).toBe(XML);
  });

  test("passes OpenNebula's exit code on", () => {
    install(HANDLED);
    expect(deploy(WITHOUT, { STOCK_CODE: '255' }).status).toBe(255);
  });

  test('is restored with the message that came', () => {
    install('throw 1');
    const message = `<VMM_DRIVER_ACTION_DATA>${WITHOUT}\\n</VMM_DRIVER_ACTION_DATA>\n\n`;
    expect(call('restore', [at('vm/checkpoint'), 'host', 'uuid', '7', 'host'], message)).toEqual(STARTED);
    expect(recorded('stdin')).toBe(message);
  });
});

describe('a VM with a PINFOLD section', () => {
  test('goes through the hook, whose output and exit code pass on without its last line', () => {
    install(HANDLED);
    expect(deploy(section())).toEqual({
      status: 0,
      stdout: 'uuid-of-the-guest\n',
      stderr: 'WARN: pinfold: qemu:///session\nINFO: stock: done\n',
    });
    expect(recorded('stdin')).toBe(`placed ${XML}`);
    expect(deploy(section(), { STOCK_CODE: '3' }).status).toBe(3);
  });

  const broken: [string, string, Record<string, string>][] = [
    ['crashes', 'throw new Error("a stack trace")', {}],
    ['is no program', '((', {}],
    ['is killed', 'process.kill(process.pid, "SIGKILL")', {}],
    ['is too slow', 'for (;;);', { PINFOLD_TIMEOUT: '1' }],
    ['has no Node', HANDLED, { PINFOLD_NODE: '/nonexistent' }],
  ];

  test.each(broken)('is refused with one sentence when the hook %s', (_, hook, env) => {
    install(hook);
    const { status, stdout, stderr } = deploy(section(), env);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^The VM has a PINFOLD section, but Pinfold is missing.*not started.*\. \n$/);
    expect(recorded('stdin')).toBeNull();
  });

  test.each(broken)('starts as it came under float when the hook %s', (_, hook, env) => {
    install(hook);
    const { status, stdout, stderr } = deploy(section('<ON_REFUSAL><![CDATA[float]]></ON_REFUSAL>'), env);
    expect([status, stdout]).toEqual([0, 'uuid-of-the-guest\n']);
    expect(stderr).toMatch(/^WARN: pinfold: .*without a placement.*\nINFO: stock: done\n$/);
    expect(recorded('stdin')).toBe(XML);
  });

  test.each(['strict', 'float'])(
    'is never launched a second time where the hook died in the launch (%s)',
    word => {
      install('require("fs").writeSync(2, "pinfold-launching\\n"); process.kill(process.pid, "SIGKILL")');
      const { status, stdout, stderr } = deploy(section(`<ON_REFUSAL><![CDATA[${word}]]></ON_REFUSAL>`));
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^Pinfold was killed while it launched the VM, .*virsh list.*\. \n$/);
      expect(recorded('stdin')).toBeNull();
    },
  );

  test('that is launched by the hook shows nothing of what hook and wrapper tell each other', () => {
    install(`require("fs").writeSync(2, "pinfold-launching\\n");${HANDLED}`);
    expect(deploy(section()).stderr).toBe('WARN: pinfold: qemu:///session\nINFO: stock: done\n');
  });

  test('follows driver.conf where its section is silent, and its section where both speak', () => {
    install('throw 1');
    writeFileSync(at('remotes/etc/vmm/kvm/pinfold/driver.conf'), 'PINFOLD_WHEN_ABSENT=float\n');
    expect(deploy(section()).status).toBe(0);
    expect(deploy(section('<ON_REFUSAL><![CDATA[strict]]></ON_REFUSAL>')).status).toBe(1);
  });

  test.each(['exit 3', 'PINFOLD_NODE=(', 'echo noise; echo noise >&2'])(
    'goes through the hook as usual where driver.conf says %s',
    text => {
      install(HANDLED);
      writeFileSync(at('remotes/etc/vmm/kvm/pinfold/driver.conf'), `PINFOLD_TIMEOUT='19'\n${text}\n`);
      const answer = { status: 0, stdout: 'uuid-of-the-guest\n' };
      expect(deploy(section())).toEqual({
        ...answer,
        stderr: 'WARN: pinfold: qemu:///session\nINFO: stock: done\n',
      });
      expect(call('cancel', ['uuid', 'host', '7', 'host'], '')).toEqual(STARTED);
    },
  );

  test('may take longer than the time limit once it is decided', () => {
    install(`process.on('SIGTERM', () => {}); setTimeout(() => {${HANDLED}}, 1500)`);
    expect(deploy(section(), { PINFOLD_TIMEOUT: '1' }).status).toBe(0);
    expect(recorded('stdin')).toBe(`placed ${XML}`);
  });
});

test.each(['save', 'cancel', 'shutdown', 'resize'])(
  '%s is done by OpenNebula and never changed by a broken Pinfold',
  action => {
    install('process.stderr.write("noise"); process.exitCode = 9');
    expect(call(action, ['uuid', 'host', '7', 'host'], '<MESSAGE/>\n')).toEqual(STARTED);
    expect(recorded('stdin')).toBe('<MESSAGE/>\n');
    expect(call(action, ['uuid'], '', { STOCK_CODE: '5' }).status).toBe(5);
  },
);

describe('a live migration', () => {
  const message = (section: string) => `<VMM_DRIVER_ACTION_DATA>${section}\\n</VMM_DRIVER_ACTION_DATA>\n\n`;
  const migrate = (section: string, env?: Record<string, string>) =>
    call('migrate', ['uuid', 'there', 'here', '7', 'here'], message(section), env);
  const ledger = (vm: string) => {
    writeFileSync(at('ledger.json'), JSON.stringify({ entries: [{ vm }] }));
    return { PINFOLD_STATE_DIR: top };
  };

  test.each([
    ['with a broken Pinfold', 'throw 1', () => undefined],
    [
      'with the whole bundle gone',
      'throw 1',
      () => {
        rmSync(at('remotes/vmm/kvmpinfold/pinfold'), { recursive: true });
      },
    ],
    [
      'with the shared shell code gone',
      'throw 1',
      () => {
        rmSync(at('remotes/vmm/kvmpinfold/pinfold.sh'));
      },
    ],
  ])('of a VM without a section that no ledger knows is OpenNebula’s alone, %s', (_, hook, breakIt) => {
    install(hook);
    breakIt();
    expect(migrate(WITHOUT, ledger('one-70'))).toMatchObject({ status: 0, stdout: 'uuid-of-the-guest\n' });
    expect(recorded('stdin')).toBe(message(WITHOUT));
    expect(recorded('args')).toBe('uuid\nthere\nhere\n7\nhere\n');
  });

  test('of a VM with a section goes through the hook, with kvmrc’s options and the driver’s folder', () => {
    install(
      `process.stderr.write('WARN: ' + process.env.MIGRATE_OPTIONS + ' ' + process.env.PINFOLD_DRIVER_DIR + '\\n');${HANDLED}`,
    );
    writeFileSync(
      at('remotes/etc/vmm/kvm/kvmrc'),
      'MIGRATE_OPTIONS="--a --b"\nexport LIBVIRT_URI=qemu:///session\n',
    );
    const { status, stderr } = migrate(section());
    expect([status, stderr]).toEqual([
      0,
      expect.stringContaining(`WARN: --a --b ${at('remotes/vmm/kvmpinfold')}\n`),
    ]);
    expect(recorded('stdin')).toBe(`placed ${message(section())}`);
    expect(recorded('args')).toBe('uuid\nthere\nhere\n7\nhere\n');
  });

  test('of a VM whose section was taken out while it ran goes through the hook, which may not keep it', () => {
    install(HANDLED);
    expect(migrate(WITHOUT, ledger('one-7')).status).toBe(0);
    expect(recorded('stdin')).toBe(`placed ${message(WITHOUT)}`);
    writeFileSync(at('remotes/vmm/kvmpinfold/pinfold/hook-opennebula.cjs'), 'throw 1');
    const { status, stderr } = migrate(WITHOUT, ledger('one-7'));
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/^WARN: pinfold: .*migrates with the pins that it has here/),
    ]);
    expect(recorded('stdin')).toBe(message(WITHOUT));
  });

  test('does not happen where the hook is out of order, unless the VM may float', () => {
    install('throw 1');
    const { status, stderr } = migrate(section());
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^The VM has a PINFOLD section, .*was not migrated: .*\. \n$/),
    ]);
    expect(recorded('stdin')).toBeNull();
    expect(migrate(section('<ON_REFUSAL><![CDATA[float]]></ON_REFUSAL>')).status).toBe(0);
    expect(recorded('stdin')).toContain('<PINFOLD>');
  });

  test('whose hook is killed under way is never begun a second time', () => {
    install('require("fs").writeSync(2, "pinfold-launching\\n"); process.kill(process.pid, "SIGKILL")');
    const { status, stderr } = migrate(section('<ON_REFUSAL>float</ON_REFUSAL>'));
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^Pinfold was killed while the VM migrated, .* or on there: .*\. \n$/),
    ]);
    expect(recorded('stdin')).toBeNull();
  });
});

describe('the virsh that stands before the real one', () => {
  /** What the real virsh is called with. */
  function virsh(words: readonly string[], xml = at('travel.xml')) {
    install(HANDLED);
    mkdirSync(at('bin'), { recursive: true });
    writeFileSync(at('bin/virsh'), '#!/bin/bash\nprintf "%s\\n" "$@"\n');
    chmodSync(at('bin/virsh'), 0o755);
    writeFileSync(at('travel.xml'), '<domain/>');
    const own = at('remotes/vmm/kvmpinfold/pinfold');
    const env = { PATH: `${own}:${at('bin')}:${process.env['PATH'] ?? ''}`, PINFOLD_TRAVEL_XML: xml };
    return spawnSync('sh', ['-c', 'virsh "$@"', 'sh', ...words], { encoding: 'utf8', env })
      .stdout.trim()
      .split('\n');
  }
  const to = ['uuid', 'qemu+ssh://there/system'];

  test.each<[string, readonly string[], readonly string[]]>([
    [
      'adds the XML to a migration',
      ['migrate', '--live', ...to],
      ['migrate', '--xml', 'XML', '--live', ...to],
    ],
    [
      'leaves one that has it',
      ['migrate', '--live', '--xml', '/f', ...to],
      ['migrate', '--live', '--xml', '/f', ...to],
    ],
    ['leaves one that has it in one word', ['migrate', '--xml=/f', ...to], ['migrate', '--xml=/f', ...to]],
    ['leaves everything else', ['dumpxml', 'migrate'], ['dumpxml', 'migrate']],
  ])('%s', (_, words, real) => {
    const connect = ['--connect', 'qemu:///system'];
    expect(virsh([...connect, ...words])).toEqual([
      ...connect,
      ...real.map(word => (word === 'XML' ? at('travel.xml') : word)),
    ]);
  });

  test('adds nothing when there is no such file', () => {
    const words = ['--connect', 'qemu:///system', 'migrate', ...to];
    expect(virsh(words, at('nothing.xml'))).toEqual(words);
  });
});

/**
 * OpenNebula's migrate as a shell script (older ones, and migrate_local): it reads kvmrc, then scripts_common.sh, which puts
 * the system's folders before whatever PATH it is given (`export PATH=/bin:/sbin:/usr/bin:$PATH`), and calls virsh through a
 * function of that file.
 */
const SHELL_MIGRATE = `#!/bin/bash
source "$KVMRC"
export PATH=$SYSTEM:$PATH
retry_if_no_error() { shift 3; eval "$( ("$@") > >(cat >&2) )"; }
retry_if_no_error "active block job" 3 5 virsh --connect $LIBVIRT_URI migrate --live $MIGRATE_OPTIONS uuid qemu+ssh://there/system
`;

describe('a migrate that is a shell script', () => {
  test.each([
    ['no options', '', '--live --xml XML'],
    ['options', 'MIGRATE_OPTIONS=--unsafe', '--xml XML --live --unsafe'],
  ])('hands libvirt the XML where kvmrc has %s', (_, options, words) => {
    install(HANDLED);
    // A quote in the name of the folder, which the shell must not take for one of its own.
    renameSync(at('remotes'), at("remo'tes"));
    mkdirSync(at('system'));
    writeFileSync(at('system/virsh'), '#!/bin/bash\necho "$*"\n');
    chmodSync(at('system/virsh'), 0o755);
    writeFileSync(at('travel.xml'), '<domain/>');
    writeFileSync(at('kvmrc'), `export LIBVIRT_URI=qemu:///system\n${options}\n`);
    writeFileSync(at('migrate'), SHELL_MIGRATE);
    const PATH = process.env['PATH'] ?? '';
    const given = migrationEnvironment(at('travel.xml'), {
      PATH,
      PINFOLD_DRIVER_DIR: at("remo'tes/vmm/kvmpinfold"),
    });
    const env = { ...given, KVMRC: at('kvmrc'), SYSTEM: at('system') };
    const { stderr } = spawnSync('bash', [at('migrate')], { encoding: 'utf8', env });
    expect(stderr.replaceAll(at('travel.xml'), 'XML')).toBe(
      `--connect qemu:///system migrate ${words} uuid qemu+ssh://there/system\n`,
    );
  });
});

describe('the installer', () => {
  test('links every other action of OpenNebula, and does nothing more when it runs again', () => {
    install(HANDLED);
    const driver = at('remotes/vmm/kvmpinfold');
    expect(readlinkSync(join(driver, 'reboot'))).toBe('../kvm/reboot');
    expect(lstatSync(join(driver, 'deploy')).isSymbolicLink()).toBe(false);
    const before = readdirSync(driver);
    expect(runInstaller().status).toBe(0);
    expect(readdirSync(driver)).toEqual(before);
  });

  test('takes every bundle along that the hook may load, and leaves no earlier one behind', () => {
    install(HANDLED);
    const bundle = (name: string, ...needs: string[]) => {
      const loads = needs.map(need => `if (process.argv[3]) require("./${need}.cjs");`);
      writeFileSync(at('delivery/dist', `${name}.cjs`), loads.join(''));
    };
    bundle('hook-opennebula', 'run-hook');
    bundle('run-hook', 'xml-formats', 'late', 'xml-formats');
    bundle('late', 'run-hook');
    bundle('xml-formats');
    bundle('of-the-command-line');
    const installed = at('remotes/vmm/kvmpinfold/pinfold');
    writeFileSync(join(installed, 'dropped.cjs'), '');
    expect(runInstaller().status).toBe(0);
    expect(readdirSync(installed)).toEqual([
      'hook-opennebula.cjs',
      'late.cjs',
      'run-hook.cjs',
      'virsh',
      'xml-formats.cjs',
    ]);
    rmSync(at('delivery/dist/late.cjs'));
    const { status, stderr } = runInstaller();
    expect([status, stderr]).toEqual([1, expect.stringMatching(/late\.cjs is missing, .*npm run build/)]);
  });

  test('links what an upgrade of OpenNebula brought, and drops what it took away', () => {
    install(HANDLED);
    writeFileSync(at('remotes/vmm/kvm/exec'), STOCK);
    rmSync(at('remotes/vmm/kvm/poll'));
    runInstaller();
    expect(readlinkSync(at('remotes/vmm/kvmpinfold/exec'))).toBe('../kvm/exec');
    expect(readdirSync(at('remotes/vmm/kvmpinfold'))).not.toContain('poll');
  });

  test('takes everything of its own out again, and leaves the policy to the operator', () => {
    install(HANDLED);
    expect(runInstaller('--remove').status).toBe(0);
    expect(existsSync(at('remotes/vmm/kvmpinfold'))).toBe(false);
    expect(existsSync(at('remotes/etc/vmm/kvm/pinfold'))).toBe(true);
  });

  test('says so when this is no remotes folder', () => {
    install(HANDLED);
    const { status, stderr } = spawnSync(at('delivery/hooks/opennebula/install'), [at('vm')], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/does not exist: name the remotes folder/);
  });
});
