import { readOnedConf } from './read-oned-conf.ts';

describe('oned.conf', () => {
  test('names the driver directory that is no option, and what is restricted', () => {
    const text = [
      '# VM_MAD = [ ARGUMENTS = "-t 15 -r 0 commented" ]',
      'VM_MAD = [ NAME = "kvm", EXECUTABLE = "one_vmm_exec",',
      '    ARGUMENTS = "-l migrate,save -t 15 -r 0 kvmpinfold -p", # the word',
      '    TYPE = "kvm" ]',
      'VM_RESTRICTED_ATTR = "CONTEXT/FILES"',
      '  VM_RESTRICTED_ATTR="PINFOLD"',
      '#VM_RESTRICTED_ATTR = "RAW/DATA"',
    ].join('\n');
    expect(readOnedConf(text)).toEqual({ words: ['kvmpinfold'], restricted: ['CONTEXT/FILES', 'PINFOLD'] });
  });

  test('keeps a # inside quotes, and says nothing of what is not there', () => {
    expect(readOnedConf('VM_MAD = [ ARGUMENTS = "a#b" ]')).toEqual({ words: ['a#b'], restricted: [] });
    expect(readOnedConf('')).toEqual({ words: [], restricted: [] });
    expect(readOnedConf('VM_MAD = [ NAME = "kvm"')).toEqual({ words: [], restricted: [] });
  });
});
