import { clip } from '../../domain/cpu-list.ts';
import { readXml } from '../xml/read-xml.ts';
import { childNamed, elementsAt, type XmlElement } from '../xml/xml-element.ts';
import { XmlError } from '../xml/xml-error.ts';
import { extraSpecOf, imagePropertyOf } from './option-of-attribute.ts';
import type { VmDescription, VmPolicy, VmWish } from './vm-description.ts';
import { VmXmlError } from './vm-xml-error.ts';

/** Pin policies under which oned writes no pins (an unknown one silently becomes NONE in oned, too). */
const PINNING = ['CORE', 'THREAD', 'SHARED'];

/**
 * Reads the vm.xml that OpenNebula's driver puts beside the deployment file.
 * @throws VmXmlError when it is missing, no XML (the front-end's local actions leave base64) or no VM, and when a
 *   section or an attribute of ours stands there twice
 */
export function readVmXml(text: string): VmDescription {
  if (text.trim() === '')
    throw new VmXmlError(
      'vm.xml is missing or empty, so the VM has no readable policy; check the VM folder on this host.',
    );
  if (isBase64(text))
    throw new VmXmlError(
      'vm.xml holds base64 instead of XML, as it does when the driver runs an action on the front-end; run the action on the host (no "-l deploy=…" in VM_MAD).',
    );
  const root = readRoot(text, 'vm.xml');
  if (root.name !== 'VM')
    throw new VmXmlError(`vm.xml has the root element <${clip(root.name)}>, but a VM is a <VM>.`);
  return describeVm(root);
}

/** The root of one of OpenNebula's documents. @throws VmXmlError */
function readRoot(text: string, subject: string): XmlElement {
  try {
    return readXml(text, subject);
  } catch (error) {
    if (error instanceof XmlError) throw new VmXmlError(error.message, error);
    throw error;
  }
}

/** Whether a text is nothing but base64 of some length. */
function isBase64(text: string): boolean {
  const body = text.trim();
  return body.length >= 8 && /^[A-Za-z0-9+/\s]+={0,2}$/.test(body);
}

/** What a `<VM>` element says. */
function describeVm(vm: XmlElement): VmDescription {
  const vmId = numberIn(vm, 'ID');
  if (vmId === null) throw new VmXmlError('The VM in vm.xml has no ID.');
  const policy = section(vm, 'PINFOLD');
  const wish = section(vm, 'PINFOLD_WISH');
  return {
    vmId,
    name: childNamed(vm, 'NAME')?.text.trim() ?? null,
    vcpus: numberIn(vm, 'TEMPLATE', 'VCPU'),
    memoryMiB: numberIn(vm, 'TEMPLATE', 'MEMORY'),
    policy: policy === null ? null : policyOf(policy),
    wish: wish === null ? null : wishOf(wish),
    hasOwnTopologyPins: hasOwnPins(vm),
  };
}

function policyOf(element: XmlElement): VmPolicy {
  const [profile, ...others] = element.children.filter(({ name }) => name.toUpperCase() === 'PROFILE');
  if (others.length > 0)
    throw new VmXmlError('PINFOLD names more than one PROFILE; keep the one that is meant.');
  const options = element.children.filter(child => child !== profile);
  const { values, spelling } = optionsOf(options, extraSpecOf, 'PINFOLD');
  return { profile: profile === undefined ? null : profile.text.trim(), extraSpecs: values, spelling };
}

function wishOf(element: XmlElement): VmWish {
  const { values, spelling } = optionsOf(element.children, imagePropertyOf, 'PINFOLD_WISH');
  return { imageProperties: values, spelling };
}

function optionsOf(
  elements: readonly XmlElement[],
  keyOf: (attribute: string) => string,
  sectionName: string,
) {
  const values: Record<string, string> = {};
  const spelling: Record<string, string> = {};
  for (const { name, text, children } of elements) {
    const key = keyOf(name);
    if (children.length > 0)
      throw new VmXmlError(
        `${clip(name)} in ${sectionName} holds a section of its own; write ${clip(name)}="value".`,
      );
    if (Object.hasOwn(values, key))
      throw new VmXmlError(`${sectionName} says ${clip(name)} more than once; keep the one that is meant.`);
    values[key] = text.trim();
    spelling[key] = name;
  }
  return { values, spelling };
}

/** The one section of this name in USER_TEMPLATE or TEMPLATE. OpenNebula puts unknown sections into the former. */
function section(vm: XmlElement, name: string): XmlElement | null {
  const [first, second] = ['USER_TEMPLATE', 'TEMPLATE'].flatMap(template => elementsAt(vm, template, name));
  if (first === undefined) return null;
  if (second !== undefined)
    throw new VmXmlError(`The VM has more than one ${name} section; put everything into one ${name}=[…].`);
  if (first.children.length === 0 && first.text.trim() !== '')
    throw new VmXmlError(
      `${name} of the VM is the plain value "${clip(first.text.trim())}"; write a section, such as ${
        name === 'PINFOLD' ? 'PINFOLD=[PROFILE="name"]' : 'PINFOLD_WISH=[HW_NUMA_NODES="2"]'
      }.`,
    );
  return first;
}

/** oned pins by policy, and also when a node or a page size is named without one. */
function hasOwnPins(vm: XmlElement): boolean {
  return elementsAt(vm, 'TEMPLATE', 'TOPOLOGY').some(topology => {
    const value = (name: string) => childNamed(topology, name)?.text.trim() ?? '';
    return (
      PINNING.includes(value('PIN_POLICY').toUpperCase()) ||
      value('NODE_AFFINITY') !== '' ||
      value('HUGEPAGE_SIZE') !== ''
    );
  });
}

function numberIn(vm: XmlElement, ...path: readonly string[]): number | null {
  const [element] = elementsAt(vm, ...path);
  const text = element?.text.trim() ?? '';
  if (text === '') return null;
  const value = /^[0-9]{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value))
    throw new VmXmlError(`${path.join('/')} in vm.xml is "${clip(text)}", which is no whole number.`);
  return value;
}
