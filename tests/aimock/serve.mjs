// Plays the script named, says at which address, and when its input ends tells what it was asked, to the byte, and how it answered.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { LLMock } = createRequire(`${process.env.AIMOCK}/`)("@copilotkit/aimock");
const mock = new LLMock({ port: 0, strict: true, logLevel: "silent" });
mock.addFixturesFromJSON(JSON.parse(readFileSync(process.argv[2], "utf8")).fixtures);

// The server's own journal holds Anthropic's requests as it has converted them, so that what it reads is kept as it reads it.
const asked = [];
mock.mount("/v1", {
  async handleRequest(request) {
    const pieces = [];
    const { emit } = request;
    request.emit = function (event, ...values) {
      if (event === "data") pieces.push(values[0]);
      return emit.call(this, event, ...values);
    };
    asked.push(() => ({ path: request.url, headers: request.headers, raw: Buffer.concat(pieces).toString() }));
    return false;
  },
});

console.log(await mock.start());
for await (const _ of process.stdin);
const answers = mock.getRequests();
const told = asked.map((tell, at) => ({ ...tell(), status: answers[at].response.status }));
process.stdout.write(JSON.stringify(told), () => process.exit());
