// listen OPTIONS, connect ADDRESS PORT: says "ready", and ends with its standard input.
// OPTIONS are those of server.listen(), as JSON.
const net = require('node:net');

const [how, first, second] = process.argv.slice(2);
const ready = () => console.log('ready');
if (how === 'listen') {
  net.createServer().listen(JSON.parse(first), ready);
} else {
  net.connect(Number(second), first, ready);
}
process.stdin.resume().on('end', () => process.exit());
