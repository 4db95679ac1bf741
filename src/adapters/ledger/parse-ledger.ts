/** Its place for whoever reads a ledger through its store. */
export { parseLedger } from '../../formats/ledger/parse-ledger.ts';
