import { checkCells } from './placement-rules/check-cells.ts';
import { checkClaim } from './placement-rules/check-claim.ts';
import { checkDevices } from './placement-rules/check-devices.ts';
import { checkEmulator } from './placement-rules/check-emulator.ts';
import { checkFloating } from './placement-rules/check-floating.ts';
import { checkIothreads } from './placement-rules/check-iothreads.ts';
import { checkMemory } from './placement-rules/check-memory.ts';
import { checkPins } from './placement-rules/check-pins.ts';
import { checkSummary } from './placement-rules/check-summary.ts';
import { checkThreads } from './placement-rules/check-threads.ts';
import { gatherFacts, type CheckInput, type Facts } from './placement-rules/placement-facts.ts';

/** Every family of rules, in the order of what it reports. */
const RULES: readonly (readonly [name: string, rule: (facts: Facts) => void])[] = [
  ['cells', checkCells],
  ['pins', checkPins],
  ['threads', checkThreads],
  ['emulator', checkEmulator],
  ['iothreads', checkIothreads],
  ['floating', checkFloating],
  ['memory', checkMemory],
  ['devices', checkDevices],
  ['claim', checkClaim],
  ['summary', checkSummary],
];

/**
 * Every rule that a placement breaks, one sentence each; empty = valid. Written from the rules alone: it shares
 * nothing with the code that decides but the documents' types and the CPU set.
 */
export function checkPlacement(input: CheckInput): readonly string[] {
  const facts = gatherFacts(input);
  for (const [name, rule] of RULES) {
    try {
      rule(facts);
    } catch (error) {
      facts.broken.push(`Rule ${name} could not be checked: ${String(error)}`);
    }
  }
  return facts.broken;
}
