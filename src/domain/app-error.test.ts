import { AppError, EXIT } from './app-error.ts';

class Special extends AppError {}

test('an AppError that another bundle threw is known as one', () => {
  class OtherBundlesAppError extends Error {
    readonly code = 'lock-busy';
    readonly exit = EXIT.state;
  }
  expect(new OtherBundlesAppError() instanceof AppError).toBe(true);
  expect(new AppError('usage', EXIT.usage, 'No.') instanceof AppError).toBe(true);
  expect(new Special('usage', EXIT.usage, 'No.') instanceof AppError).toBe(true);
});

test('nothing else is taken for one', () => {
  const failure: unknown = Object.assign(new Error('no such file'), { code: 'ENOENT' });
  expect(failure instanceof AppError).toBe(false);
  expect(({ code: 'usage', exit: 2 } as unknown) instanceof AppError).toBe(false);
  expect(new AppError('usage', EXIT.usage, 'No.') instanceof Special).toBe(false);
});
