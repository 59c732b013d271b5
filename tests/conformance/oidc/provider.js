// An OpenID provider that we did not write, on loopback, for tests:
//
//   node provider.js PORT REDIRECT…
//
// PORT 0 takes a free one. It knows one client, one person, and no rest. The first line that it
// prints is its issuer; it ends when its input does.
//
// Its login form takes any password. Its keys are made anew at each start.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const CLIENT = { id: 'scrip', secret: 'a secret of tests alone' };
const PERSON = {
  sub: 'anna',
  name: 'Anna Meier',
  email: 'anna@example.org',
  email_verified: true,
};

const [port, ...redirects] = process.argv.slice(2);
if (port === undefined || redirects.length === 0) {
  console.error('usage: node provider.js PORT REDIRECT…');
  process.exit(2);
}

function key(kind, options, alg) {
  const { privateKey } = generateKeyPairSync(kind, options);
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg };
}

function settings() {
  return {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: redirects,
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { email: ['email', 'email_verified'], profile: ['name'] },
    scopes: ['openid', 'email', 'profile'],
    findAccount: (_, id) => (id === PERSON.sub ? { accountId: id, claims: () => PERSON } : undefined),
    features: { devInteractions: { enabled: true } },
    pkce: { methods: ['S256'], required: () => true },
    jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256')] },
    cookies: { keys: ['of no worth'] },
  };
}

// What the library has to say goes to standard error, like its warnings.
console.info = console.error;

const server = createServer();
server.listen(Number(port), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  server.on('request', new Provider(issuer, settings()).callback());
  console.log(issuer);
});
process.stdin.on('end', () => process.exit(0)).resume();
