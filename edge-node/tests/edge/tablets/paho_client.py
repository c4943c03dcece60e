"""A tablet on paho-mqtt: prints `TOPIC PAYLOAD` for each message, and publishes each line of its standard input.

With the file of an authority it speaks TLS and trusts that authority alone; an empty name means plain text.
"""

import sys

import paho.mqtt.client as mqtt

host, port, authority, version, keep_alive, client_id, device, password, commands, *topics = sys.argv[1:]


def subscribe(client, userdata, flags, reason, properties):
    for topic in topics:
        client.subscribe(topic, qos=1)


def show(client, userdata, message):
    print(message.topic, message.payload.decode(), flush=True)


protocol = {"4": mqtt.MQTTv311, "5": mqtt.MQTTv5}[version]
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol)
client.username_pw_set(device, password)
if authority:
    client.tls_set(ca_certs=authority)
client.on_connect = subscribe
client.on_message = show
client.reconnect_delay_set(min_delay=1, max_delay=1)
client.connect(host, int(port), keepalive=int(keep_alive))
client.loop_start()
for line in sys.stdin:
    client.publish(commands, line.strip(), qos=1)
