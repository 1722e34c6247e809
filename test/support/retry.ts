// In CI a test that fails is run once more, so that one hiccup of a shared machine holds up no landing. The first failure is
// reported all the same: a test that needs its second run is to be fixed.
import { jest } from '@jest/globals';

if (process.env['CI'] === 'true') jest.retryTimes(1, { logErrorsBeforeRetry: true });
