// In CI a failed test is run once more, so that a disturbance on a shared machine does not block a landing. The first
// failure is reported as well: a test that needs its second run must be fixed.
import { jest } from '@jest/globals';

if (process.env['CI'] === 'true') jest.retryTimes(1, { logErrorsBeforeRetry: true });
