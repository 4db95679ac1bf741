/** Why a request is no valid request: the closed list of `error.code` for what {@link readRequest} refuses. */
export const REQUEST_ERROR_CODES = [
  'unknown-option',
  'option-in-wrong-source',
  'option-not-for-images',
  'cpu-set-invalid',
  'cpu-policy-invalid',
  'cpu-policy-conflict',
  'thread-policy-invalid',
  'thread-policy-conflict',
  'thread-policy-needs-dedicated',
  'dedicated-mask-invalid',
  'dedicated-mask-needs-mixed',
  'mixed-needs-one-mask',
  'resources-invalid',
  'resources-conflict',
  'resources-count-wrong',
  'hyperthreading-trait-invalid',
  'hyperthreading-trait-conflict',
  'realtime-mask-invalid',
  'realtime-needs-dedicated',
  'emulator-policy-invalid',
  'emulator-policy-conflict',
  'emulator-policy-needs-dedicated',
  'emulator-mask-invalid',
  'emulator-mask-conflict',
  'emulator-mask-needs-policy',
  'numa-nodes-invalid',
  'numa-conflict',
  'numa-split-uneven',
  'numa-lists-incomplete',
  'numa-memory-invalid',
  'numa-vcpu-out-of-range',
  'numa-vcpu-twice',
  'numa-vcpu-unassigned',
  'numa-memory-mismatch',
  'page-size-invalid',
  'page-size-conflict',
  'locked-memory-conflict',
  'locked-memory-needs-page-size',
  'topology-value-invalid',
  'topology-limit-conflict',
  'topology-preference-above-limit',
  'topology-impossible',
  'physical-address-invalid',
  'physical-address-conflict',
  'pci-policy-invalid',
  'pci-policy-conflict',
  'pinfold-value-invalid',
  'pinfold-needs-dedicated',
  'pinfold-conflict',
] as const;
/** One of {@link REQUEST_ERROR_CODES}. */
export type RequestErrorCode = (typeof REQUEST_ERROR_CODES)[number];

/** What is wrong with a node's policy: the closed list of codes of {@link checkPolicy}. */
export const POLICY_ERROR_CODES = [
  'policy-cpu-set-invalid',
  'policy-cpu-set-empty',
  'policy-sets-overlap',
  'policy-sets-exclude-each-other',
  'policy-cpus-offline',
  'policy-ratio-invalid',
  'policy-reservation-invalid',
  'policy-reserved-pages-invalid',
] as const;
/** One of {@link POLICY_ERROR_CODES}. */
export type PolicyErrorCode = (typeof POLICY_ERROR_CODES)[number];

/** Why the policy of a VM cannot be followed, whatever the node has. */
export const GUEST_ERROR_CODES = ['guest-policy-unusable'] as const;

/** What is wrong with a document before anything is decided on it. */
export const DOCUMENT_ERROR_CODES = [
  'document-not-json',
  'document-not-yaml',
  'document-too-large',
  'document-unknown-key',
  'document-value-invalid',
  'topology-contradicts-itself',
] as const;
/** One of {@link DOCUMENT_ERROR_CODES}. */
export type DocumentErrorCode = (typeof DOCUMENT_ERROR_CODES)[number];
