// Runs ELM libraries with cql-execution: node run.mjs FOLDER < jobs.json > answers.json
//
// FOLDER holds node_modules. Each job is {library, wanted: [name of a definition], views: [parameters]};
// the answer to it is, per view, an object of the wanted definitions' values. Nothing here knows what they mean:
// parameters become values of ELM by the types that the library itself declares.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "package.json"));
const cql = require("cql-execution");

const SYSTEM = "{urn:hl7-org:elm-types:r1}";
const PATIENT = { id: "patient", recordType: "Patient" };

function typed(value, type) {
  if (value === null || value === undefined) return null;
  switch (type.type) {
    case "ListTypeSpecifier":
      return value.map((one) => typed(one, type.elementType));
    case "TupleTypeSpecifier":
      return Object.fromEntries(type.element.map(({ name, elementType }) => [name, typed(value[name], elementType)]));
    case "NamedTypeSpecifier":
      return type.name === `${SYSTEM}Date` ? cql.Date.parse(value) : value;
    default:
      throw new Error(`a parameter has the type ${type.type}, which this runner does not know`);
  }
}

async function answers({ library, wanted, views }) {
  const read = new cql.Library(library);
  const declared = library.library.parameters.def;
  const found = [];
  for (const view of views) {
    const given = declared.map(({ name, parameterTypeSpecifier }) => [name, typed(view[name], parameterTypeSpecifier)]);
    const executor = new cql.Executor(read, undefined, Object.fromEntries(given));
    const results = await executor.exec(new cql.PatientSource([PATIENT]));
    const values = results.patientResults[PATIENT.id];
    for (const name of wanted) {
      if (values[name] === undefined) throw new Error(`the library gave no value for ${name}`);
    }
    found.push(Object.fromEntries(wanted.map((name) => [name, values[name]])));
  }
  return found;
}

const found = [];
for (const job of JSON.parse(readFileSync(0, "utf8"))) found.push(await answers(job));
process.stdout.write(JSON.stringify(found));
