# What a regional node says about signing in.

sign-in-needs-cloud = Signing in needs the cloud, which this node does not reach now.
cloud-too-old = The cloud is older than this node and cannot sign anybody in here. An operator has to upgrade the cloud.
foreign-origin = This node takes changes only from its own pages, from the origins in `edge.origins`, and from programs.
