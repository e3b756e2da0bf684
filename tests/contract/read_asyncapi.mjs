// Reads AsyncAPI documents as back offices do and prints what it found, one JSON object a file, in a list:
// {"errors": [...], "operations": [...], "messages": [...]}; errors are the parser's of severity 0 (error) and 1 (warning).
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const WARNING = 1;
const parser = new Parser();
const found = [];
for (const file of process.argv.slice(2)) {
  const { document, diagnostics } = await parser.parse(readFileSync(file, "utf8"));
  found.push({
    errors: diagnostics
      .filter((one) => one.severity <= WARNING)
      .map((one) => `${one.code} at ${one.path.join(".")}: ${one.message}`),
    operations: document ? document.operations().all().map((one) => `${one.action()} ${one.id()}`) : [],
    messages: document ? document.messages().all().map((one) => one.name()) : [],
  });
}
console.log(JSON.stringify(found));
