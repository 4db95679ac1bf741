import { XmlError } from '../xml/xml-error.ts';
import { readHostPool } from './read-host-pool.ts';

describe('the hosts that onehost lists', () => {
  test('are named with what the scheduler goes by', () => {
    const text = `<HOST_POOL>
      <HOST><NAME>h1</NAME><TEMPLATE><ISOLCPUS><![CDATA[0,1]]></ISOLCPUS><PIN_POLICY>pinned</PIN_POLICY></TEMPLATE></HOST>
      <HOST><NAME>h2</NAME><TEMPLATE><EMULATOR_CPUS>2-3</EMULATOR_CPUS></TEMPLATE></HOST>
      <HOST><NAME>h3</NAME></HOST></HOST_POOL>`;
    expect(readHostPool(text)).toEqual([
      { name: 'h1', emulatorCpus: '', isolCpus: '0,1', pinPolicy: 'PINNED' },
      { name: 'h2', emulatorCpus: '2-3', isolCpus: '', pinPolicy: '' },
      { name: 'h3', emulatorCpus: '', isolCpus: '', pinPolicy: '' },
    ]);
  });

  test('are refused where they are no XML', () => {
    expect(() => readHostPool("[HostPoolInfo] User couldn't be authenticated")).toThrow(XmlError);
  });
});
