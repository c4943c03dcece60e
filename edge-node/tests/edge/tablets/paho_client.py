"""A tablet on paho-mqtt: prints `TOPIC PAYLOAD` for each message, and publishes each line of its standard input."""

import sys

import paho.mqtt.client as mqtt

host, port, version, client_id, device, password, commands, *topics = sys.argv[1:]


def subscribe(client, userdata, flags, reason, properties):
    for topic in topics:
        client.subscribe(topic, qos=1)


def show(client, userdata, message):
    print(message.topic, message.payload.decode(), flush=True)


protocol = {"4": mqtt.MQTTv311, "5": mqtt.MQTTv5}[version]
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol)
client.username_pw_set(device, password)
client.on_connect = subscribe
client.on_message = show
client.reconnect_delay_set(min_delay=1, max_delay=1)
client.connect(host, int(port), keepalive=20)
client.loop_start()
for line in sys.stdin:
    client.publish(commands, line.strip(), qos=1)
