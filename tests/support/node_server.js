// An LwM2M server of npm's lwm2m-node-lib, driven over stdin: one JSON array a line, the name of a
// function of the library and its arguments. Prints one JSON line for each result and each event.
'use strict';

const lwm2m = require('lwm2m-node-lib').server;
const readline = require('readline');

const config = {
    port: Number(process.argv[2]),
    lifetimeCheckInterval: 1000,
    udpWindow: 100,
    defaultType: 'Device',
    types: [],
    logLevel: 'FATAL',
    ipProtocol: 'udp4',
    serverProtocol: 'udp4',
    formats: [],
    writeFormat: 'text/plain',
    defaultAcceptFormat: 'text/plain'
};

function print(name, ...values) {
    process.stdout.write(JSON.stringify([name, ...values]) + '\n');
}

function ends(name) {
    return (error, value) => print(name, error ? error.name : null, value === undefined ? null : value);
}

lwm2m.start(config, (error, server) => {
    if (error) {
        throw error;
    }
    lwm2m.setHandler(server, 'registration', (name, lifetime, version, binding, payload, done) => {
        print('registered', name, lifetime, version, binding, payload);
        done();
    });
    lwm2m.setHandler(server, 'updateRegistration', (device, payload, done) => {
        print('updated', device.name, payload);
        done();
    });
    lwm2m.setHandler(server, 'unregistration', (device, done) => {
        print('unregistered', device.name);
        done();
    });
    const input = readline.createInterface({ input: process.stdin });
    input.on('line', line => {
        const [name, ...values] = JSON.parse(line);
        if (name === 'observe') {
            const notified = (value, object, instance, resource) =>
                print('notified', value, [object, instance, resource].join('/'));
            lwm2m.observe(...values, notified, ends(name));
        } else {
            lwm2m[name](...values, ends(name));
        }
    });
    input.on('close', () => process.exit(0));
    print('listening');
});
