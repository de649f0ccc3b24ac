// Plays one scenario with jsforce: `node jsforce.cjs NAME` reads its input from standard input as
// JSON and writes what jsforce answered to standard output as JSON.
const jsforce = require('jsforce');

const MY_DOMAIN = 'https://localorg.my.salesforce.com';

async function signedIn({ clientId, clientSecret, version }) {
  const oauth2 = { loginUrl: MY_DOMAIN, clientId, clientSecret };
  const connection = new jsforce.Connection({ oauth2, version });
  await connection.authorize({ grant_type: 'client_credentials' });
  connection.bulk2.pollInterval = 20;
  return connection;
}

const scenarios = {
  async signIn(connection) {
    const identity = await connection.identity();
    return { instanceUrl: connection.instanceUrl, userInfo: connection.userInfo, identity };
  },

  async refresh(_connection, { clientId, clientSecret, refreshToken }) {
    const oauth2 = { loginUrl: 'https://login.salesforce.com', clientId, clientSecret };
    const connection = new jsforce.Connection({
      oauth2, instanceUrl: MY_DOMAIN, accessToken: 'ended', refreshToken,
    });
    const refreshed = [];
    connection.on('refresh', (token) => refreshed.push(token));
    const { totalSize } = await connection.query('SELECT Name FROM Organization');
    return { totalSize, refreshes: refreshed.length };
  },

  async describe(connection) {
    const { sobjects } = await connection.describeGlobal();
    const { fields } = await connection.sobject('Lead').describe();
    return { sobjects: sobjects.map((each) => each.name), fields };
  },

  async query(connection, { soql }) {
    return connection.query(soql, { autoFetch: true, maxFetch: 1000000 });
  },

  async bulkQuery(connection, { soql }) {
    return (await connection.bulk2.query(soql)).toArray();
  },

  async bulkLoad(connection, { object, operation, input, externalIdFieldName }) {
    const options = { object, operation, input };
    if (externalIdFieldName) options.externalIdFieldName = externalIdFieldName;
    return connection.bulk2.loadAndWaitForResults(options);
  },

  async records(connection, { key }) {
    const leads = connection.sobject('Lead');
    const created = await leads.create({ LastName: 'Single', Company: 'One', [key]: 'js-one' });
    const updated = await leads.update({ Id: created.id, Title: 'Boss' });
    const upserted = await leads.upsert({ [key]: 'js-one', Title: 'Chief' }, key);
    const { Title } = await leads.retrieve(created.id);
    const destroyed = await leads.destroy(created.id);
    return { created, updated, upserted, Title, destroyed };
  },

  async collections(connection, { records }) {
    const created = await connection.sobject('Lead').create(records);
    const ids = created.filter((each) => each.success).map((each) => each.id);
    return { created, destroyed: await connection.sobject('Lead').destroy(ids) };
  },

  async malformed(connection, { soql }) {
    try {
      await connection.query(soql);
    } catch (error) {
      return { errorCode: error.errorCode, message: error.message };
    }
    return null;
  },
};

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const input = JSON.parse(Buffer.concat(chunks).toString());
  const name = process.argv[2];
  const connection = name === 'refresh' ? null : await signedIn(input);
  process.stdout.write(JSON.stringify(await scenarios[name](connection, input) ?? null));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
