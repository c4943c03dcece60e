# What a regional node says about signing in.

sign-in-needs-cloud = 登录需要连接云端，本节点目前连不上。
cloud-too-old = 云端版本比本节点旧，无法在此登录。请联系运维升级云端。
foreign-origin = 本节点只接受来自自身页面、`edge.origins` 所列来源以及程序的更改。
