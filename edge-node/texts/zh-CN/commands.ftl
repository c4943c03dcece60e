# What a regional node answers to a command.

region-not-this-one = 本节点只能发布本区域的订单。
start-code-not-here = 在区域节点发布的订单没有开工码。
no-stars = 请给出一到五星。

## A command that was stored here

taken-firm = 已确认：本地节点已永久保存。
taken-by-twin = 已保存在区域节点的副本上，云端不接收副本的内容。请勿开工，并告知运营人员。
taken-provisional = 已保存在区域节点，等待云端确认。

## One that the cloud has decided

outcome-applied = 已确认。
outcome-duplicate = 此前已确认。
outcome-rejected = 未能完成。
