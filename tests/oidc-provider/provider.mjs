// A certified OpenID provider for tests, with one client. It signs in whoever the test says, without asking:
//
//   PUT /test/person {"sub", "email", "email_verified"}   who comes next; null refuses
//   POST /test/rotate                                     signs with another key from now on, and forgets the old one
//
// Usage: node provider.mjs CLIENT_ID CLIENT_SECRET REDIRECT_URI. Its issuer is its first line of output.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import Provider from 'oidc-provider';

// The first line is all there is for the test to read.
console.info = console.warn = console.error;

const [client_id, client_secret, redirect_uri] = process.argv.slice(2);
let issuer;
let person = null;
let keys = 0;
const people = new Map();

function provider() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: 'jwk' }), kid: `key-${++keys}`, use: 'sig', alg: 'RS256' };
  const made = new Provider(issuer, {
    clients: [{ client_id, client_secret, redirect_uris: [redirect_uri], response_types: ['code'] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    // Most providers put what was asked for into the ID token.
    conformIdTokenClaims: false,
    cookies: { keys: ['only for tests'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_, sub) => people.has(sub) && { accountId: sub, claims: () => people.get(sub) },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    jwks: { keys: [key] },
    pkce: { required: () => true },
  });
  return { made, callback: made.callback() };
}

async function interaction({ made }, req, res) {
  if (!person) {
    return made.interactionFinished(req, res, { error: 'access_denied' });
  }
  const { params } = await made.interactionDetails(req, res);
  const grant = new made.Grant({ accountId: person.sub, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId: person.sub, remember: false }, consent: { grantId: await grant.save() } };
  return made.interactionFinished(req, res, result);
}

let current;
const server = createServer(async (req, res) => {
  if (req.url === '/test/person') {
    person = JSON.parse(await text(req));
    if (person) people.set(person.sub, person);
    return res.end();
  }
  if (req.url === '/test/rotate') {
    current = provider();
    return res.end();
  }
  if (req.url.startsWith('/interaction/')) {
    return interaction(current, req, res).catch((error) => { res.statusCode = 500; res.end(String(error)); });
  }
  return current.callback(req, res);
});
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  current = provider();
  process.stdout.write(`${issuer}\n`);
});
// The test holds the other end: when it goes, so does this.
process.stdin.resume().on('end', () => process.exit());
