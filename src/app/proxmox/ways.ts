import type { PlacementRequest } from '../../domain/placement-request.ts';
import type { Way } from '../prepare-start.ts';
import type { PlacedGuest } from './policy/guest-policy.ts';
import { cellsInList } from './settled-cells.ts';
import type { StartKind } from './start-kind.ts';

/** What the ways of a start depend on. */
export interface WaysInput {
  readonly guest: PlacedGuest;
  readonly kind: StartKind;
  /** Host cells by guest cell that the config binds; null = none. */
  readonly settled: readonly (readonly number[])[] | null;
  /** A start of this VM was ended and asked for again a moment ago. */
  readonly justRequeued: boolean;
}

/** Starts that must not be ended for the cells that a config names; a plain one may. */
const NEVER_ENDED: Readonly<Record<Exclude<StartKind, 'plain' | 'backup' | 'template'>, string>> = {
  ha: 'the HA manager starts it',
  migration: 'it comes in by migration',
  'remote-migration': 'it comes in by migration',
  resume: 'it is resumed',
  rollback: 'it is rolled back',
  restore: 'it is restored',
  'after-backup': 'a backup has stopped it',
};

/**
 * The ways to place a guest, in order. Without settled cells: as it asks. Else
 *
 * 1. as it asks, on the cells of its config;
 * 2. for a plain start whose profile says `requeue`: elsewhere, for the config to be rewritten and the start asked for
 *    again, once;
 * 3. where the start must not be ended, or the policy says float: in its shape on the cells of its config, without CPUs of
 *    its own.
 */
export function waysToPlace({ guest, kind, settled, justRequeued }: WaysInput): readonly Way[] {
  const { request, onRefusal } = guest;
  if (settled === null) return [{ request }];
  const cells = cellsInList(settled);
  const held = `The config of VM ${request.vm} binds its memory to ${settled.flat().length === 1 ? 'host cell' : 'host cells'} ${cells}, where it does not fit now`;
  const why = kind === 'plain' || kind === 'backup' || kind === 'template' ? null : NEVER_ENDED[kind];
  const mayMove = why === null && guest.mayRequeue && !justRequeued;
  const advice = guest.mayRequeue
    ? 'stop guests there, or start it again later'
    : 'stop guests there, or let its profile say "requeue: true", so that the start may choose other cells';
  const ways: Way[] = [{ request, hostCells: settled, whenNot: `${held}: ${advice}.` }];
  if (mayMove) ways.push({ request, isQuestion: true });
  if (why !== null || onRefusal === 'float')
    ways.push({
      request: shapeOnly(request),
      hostCells: settled,
      whenNot: `${held}: ${advice}.`,
      warning: `${held}; ${why === null ? 'its policy says float' : `because ${why}, it is started all the same`}, on these cells and without CPUs of its own until its next cold start.`,
    });
  return ways;
}

/** The guest's cells and pages without anything exclusive. */
function shapeOnly(request: PlacementRequest): PlacementRequest {
  const isShape = (key: string) => /^hw[:_](numa_|mem_page_size$)/.test(key);
  const only = (options: PlacementRequest['extraSpecs']) =>
    Object.fromEntries(Object.entries(options ?? {}).filter(([key]) => isShape(key)));
  const extraSpecs = only(request.extraSpecs);
  const imageProperties = only(request.imageProperties);
  const cells = Object.keys({ ...extraSpecs, ...imageProperties }).some(key => /numa_nodes$/.test(key));
  // Without guest cells of its own, a guest floats within its one.
  return {
    ...request,
    extraSpecs: cells ? extraSpecs : { ...extraSpecs, 'pinfold:confine': 'cell' },
    imageProperties,
  };
}
