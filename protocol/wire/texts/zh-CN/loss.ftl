# Why an acceptance came to nothing. The promise that did not hold stands in codes.ftl.

lost-first-in-cloud = 另一位服务商已接到此订单：其接单最先到达云端，点击时间不作为依据。
lost-first-in-log = 另一位服务商已接到此订单：在为该区域派单的节点的日志中，其接单排在最前。
lost-promised = 另一位服务商已接到此订单：为该区域派单的节点已先承诺给对方。
lost-to-another = 另一位服务商已接到此订单。

# Stands between two sentences.
sentence-gap = { "" }
