import fc from 'fast-check';
import { readVmXml } from './read-vm-xml.ts';
import { VmXmlError } from './vm-xml-error.ts';

/** A VM as oned writes it, every value in CDATA, with these sections in its two templates. */
const vm = (userTemplate: string, template = '') =>
  `<VM><ID>42</ID><UID>2</UID><NAME><![CDATA[db & cache]]></NAME><TEMPLATE><CPU><![CDATA[2]]></CPU><MEMORY><![CDATA[2048]]></MEMORY>${template}<VCPU><![CDATA[4]]></VCPU></TEMPLATE><USER_TEMPLATE><LOGO><![CDATA[x.png]]></LOGO>${userTemplate}</USER_TEMPLATE><HISTORY_RECORDS/></VM>`;
const attributes = (values: Record<string, string>) =>
  Object.entries(values)
    .map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`)
    .join('');
const policy = (values: Record<string, string>) => `<PINFOLD>${attributes(values)}</PINFOLD>`;
const wish = (values: Record<string, string>) => `<PINFOLD_WISH>${attributes(values)}</PINFOLD_WISH>`;

describe('reading vm.xml', () => {
  test('a VM without our sections has no policy', () => {
    expect(readVmXml(vm(''))).toEqual({
      vmId: 42,
      name: 'db & cache',
      vcpus: 4,
      memoryMiB: 2048,
      policy: null,
      wish: null,
      hasOwnTopologyPins: false,
    });
  });

  test("the operator's section becomes extra specs, the tenant's becomes image properties", () => {
    const description = readVmXml(
      vm(
        policy({
          PROFILE: 'database',
          HW_CPU_POLICY: 'dedicated',
          HW_NUMA_CPUS_0: '0-3',
          HW_NUMA_MEM_12: '512',
        }) + wish({ HW_NUMA_NODES: '2', HW_NUMA_CPUS_0: '0-1' }),
      ),
    );
    expect(description.policy).toEqual({
      profile: 'database',
      extraSpecs: { 'hw:cpu_policy': 'dedicated', 'hw:numa_cpus.0': '0-3', 'hw:numa_mem.12': '512' },
      spelling: {
        'hw:cpu_policy': 'HW_CPU_POLICY',
        'hw:numa_cpus.0': 'HW_NUMA_CPUS_0',
        'hw:numa_mem.12': 'HW_NUMA_MEM_12',
      },
    });
    expect(description.wish).toEqual({
      imageProperties: { hw_numa_nodes: '2', 'hw_numa_cpus.0': '0-1' },
      spelling: { hw_numa_nodes: 'HW_NUMA_NODES', 'hw_numa_cpus.0': 'HW_NUMA_CPUS_0' },
    });
  });

  test.each([
    ['PINFOLD_AUTO_NUMA', 'pinfold:auto_numa'],
    ['HW_EMULATOR_THREADS_MASK', 'hw:emulator_threads_mask'],
    ['HW_PCI_NUMA_AFFINITY_POLICY', 'hw:pci_numa_affinity_policy'],
    ['TRAIT_HW_CPU_HYPERTHREADING', 'trait:HW_CPU_HYPERTHREADING'],
    ['RESOURCES_PCPU', 'resources:PCPU'],
    ['HW_NO_SUCH', 'hw:no_such'],
    ['CPU_POLICY', 'pinfold:cpu_policy'],
  ])('%s stands for %s', (attribute, key) => {
    const { policy: read } = readVmXml(vm(policy({ [attribute]: 'x' })));
    expect(read).toMatchObject({ extraSpecs: { [key]: 'x' }, spelling: { [key]: attribute } });
  });

  test.each([
    ['HW_MEM_PAGE_SIZE', 'hw_mem_page_size'],
    ['NUMA_NODES', 'pinfold_numa_nodes'],
    ['PINFOLD_CELLS', 'pinfold_cells'],
  ])('the wish %s stands for %s', (attribute, key) => {
    expect(readVmXml(vm(wish({ [attribute]: 'x' }))).wish?.imageProperties).toEqual({ [key]: 'x' });
  });

  test('an empty section is a policy that says nothing, and TEMPLATE may hold it too', () => {
    const nothing = { profile: null, extraSpecs: {}, spelling: {} };
    expect(readVmXml(vm('<PINFOLD/>')).policy).toEqual(nothing);
    expect(readVmXml(vm('', '<PINFOLD/>')).policy).toEqual(nothing);
  });

  test.each([
    [{ PIN_POLICY: 'CORE' }, true],
    [{ PIN_POLICY: 'thread' }, true],
    [{ PIN_POLICY: 'SHARED' }, true],
    [{ PIN_POLICY: 'NONE' }, false],
    [{ SOCKETS: '2' }, false],
    [{ PIN_POLICY: 'NONE', NODE_AFFINITY: '0' }, true],
    [{ HUGEPAGE_SIZE: '2' }, true],
  ])('TOPOLOGY %j pins by itself: %s', (topology, pins) => {
    const text = vm('', `<TOPOLOGY>${attributes(topology)}</TOPOLOGY>`);
    expect(readVmXml(text).hasOwnTopologyPins).toBe(pins);
  });

  test.each([
    ['', 'missing or empty'],
    [btoa(vm('')), 'base64'],
    ['not xml at all!', 'vm.xml cannot be read'],
    ['<VM><ID>1</ID>', 'never closed'],
    ['<HOST><ID>1</ID></HOST>', 'root element <HOST>'],
    ['<VM/>', 'no ID'],
    ['<VM><ID>one</ID></VM>', '"one", which is no whole number'],
    [vm(policy({}) + policy({})), 'more than one PINFOLD section'],
    [vm(policy({}), policy({})), 'more than one PINFOLD section'],
    [vm(wish({}) + wish({})), 'more than one PINFOLD_WISH section'],
    [vm('<PINFOLD>database</PINFOLD>'), 'plain value "database"'],
    [
      vm(`<PINFOLD>${attributes({ PROFILE: 'a' })}${attributes({ PROFILE: 'b' })}</PINFOLD>`),
      'more than one PROFILE',
    ],
    [
      vm(`<PINFOLD>${attributes({ HW_CPU_POLICY: 'a' }).repeat(2)}</PINFOLD>`),
      'HW_CPU_POLICY more than once',
    ],
    [vm('<PINFOLD><HW_CPU_POLICY><A>1</A></HW_CPU_POLICY></PINFOLD>'), 'a section of its own'],
  ])('refuses %j', (text, reason) => {
    expect(() => readVmXml(text)).toThrow(VmXmlError);
    expect(() => readVmXml(text)).toThrow(reason);
  });

  test('answers any damaged text with a description or its one error', () => {
    const whole = vm(policy({ HW_CPU_POLICY: 'dedicated' }));
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(30), fc.string({ maxLength: 4 }), (at, cut, insert) => {
        try {
          readVmXml(whole.slice(0, at) + insert + whole.slice(at + cut));
        } catch (error) {
          if (!(error instanceof VmXmlError)) throw error;
        }
      }),
      { numRuns: 800 },
    );
  });
});
