import { faultOf } from './state-folder.ts';

const folder = { isDirectory: () => true, uid: 1000, mode: 0o42770 };

test.each([
  ['of this user', folder, null],
  ['of root', { ...folder, uid: 0 }, null],
  ['of another user', { ...folder, uid: 1001 }, 'belongs to user 1001'],
  ['that is a link or a file', { ...folder, isDirectory: () => false }, 'is no folder'],
  ['that everybody may write to', { ...folder, mode: 0o40777 }, 'may be written by everybody'],
])('a state folder %s', (_, about, fault) => {
  expect(faultOf(about, 1000)).toBe(fault);
});
