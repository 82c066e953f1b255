// Which recorded exchanges does Microsoft's specification accept?
// node validate.js MODULES SPECIFICATIONS TRAFFIC VERDICTS: writes one line of JSON per exchange.
'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');

const [modules, specifications, traffic, verdicts] = process.argv.slice(2);
const oav = require(path.join(modules, 'oav'));

// The versions of the specifications: az sends newer ones.
const VERSIONS = [
  [/\/providers\/Microsoft\.Authorization\/locks/i, '2016-09-01'],
  [/\/providers\/Microsoft\.Network\//i, '2024-01-01'],
  [/\/providers\/Microsoft\.Compute\//i, '2024-03-01'],
  [/\/providers\/Microsoft\.ResourceGraph\//i, '2022-10-01'],
  [/\/resourceGroups(\/[^/]+)?\/?$/i, '2022-09-01'],
  [/./, '2022-12-01'],
];

function validated({ request, response }) {
  const url = new URL(request.url);
  const version = VERSIONS.find(([pattern]) => pattern.test(url.pathname))[1];
  url.searchParams.set('api-version', version);
  return {
    liveRequest: {
      url: url.href.replace(url.origin, 'https://management.azure.com'),
      method: request.method,
      headers: request.headers,
      query: Object.fromEntries(url.searchParams),
      body: request.body ?? undefined,
    },
    liveResponse: {
      statusCode: String(response.status),
      headers: response.headers,
      body: response.body ?? undefined,
    },
  };
}

function verdict(result) {
  const { isSuccessful, errors = [], runtimeException } = result;
  const problems = errors.map(({ code, message, pathsInPayload }) => ({ code, message, paths: pathsInPayload }));
  if (runtimeException) problems.push({ code: runtimeException.code, message: runtimeException.message });
  return { accepted: Boolean(isSuccessful), problems };
}

async function main() {
  const validator = new oav.LiveValidator({
    git: { url: 'none', shouldClone: false },
    directory: specifications,
    swaggerPathsPattern: ['specification/*/resource-manager/*/**/20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]/*.json'],
    excludedSwaggerPathsPattern: ['**/examples/**/*'],
    isPathCaseSensitive: false,
  });
  await validator.initialize();
  const lines = [];
  for await (const line of readline.createInterface({ input: fs.createReadStream(traffic) })) {
    const exchange = JSON.parse(line);
    const result = await validator.validateLiveRequestResponse(validated(exchange));
    lines.push(JSON.stringify({
      operation: result.requestValidationResult.operationInfo?.operationId,
      method: exchange.request.method,
      url: exchange.request.url,
      status: exchange.response.status,
      request: verdict(result.requestValidationResult),
      response: verdict(result.responseValidationResult),
    }));
  }
  fs.writeFileSync(verdicts, lines.join('\n') + '\n');
}

// oav keeps timers that would hold the process for half a minute.
main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
