import { decisionSchema } from './decision-schema.ts';
import { doctorSchema } from './doctor-schema.ts';
import { explanationSchema } from './explanation-schema.ts';
import { hostSchema } from './host-schema.ts';
import { nodesSchema } from './nodes-schema.ts';
import { metricsSchema } from './metrics-schema.ts';
import { offerSchema } from './offer-schema.ts';
import { planSchema } from './plan-schema.ts';
import { nodePolicySchema } from './policy-schema.ts';
import { profilesSchema } from './profiles-schema.ts';
import { reconcileSchema } from './reconcile-schema.ts';
import { rankingSchema } from './ranking-schema.ts';
import { replaySchema } from './replay-schema.ts';
import { requestSchema } from './request-schema.ts';
import { statusSchema } from './status-schema.ts';
import { topologySchema } from './topology-schema.ts';
import { usageSchema } from './usage-schema.ts';

/** Every document that has a JSON Schema, by the name of its file in templates/schema. */
export const DOCUMENT_SCHEMAS = {
  decision: decisionSchema,
  doctor: doctorSchema,
  explanation: explanationSchema,
  host: hostSchema,
  nodes: nodesSchema,
  metrics: metricsSchema,
  offer: offerSchema,
  plan: planSchema,
  policy: nodePolicySchema,
  profiles: profilesSchema,
  reconcile: reconcileSchema,
  ranking: rankingSchema,
  replay: replaySchema,
  request: requestSchema,
  status: statusSchema,
  topology: topologySchema,
  usage: usageSchema,
} as const;
