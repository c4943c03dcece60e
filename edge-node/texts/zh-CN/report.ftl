# What an edge says of itself to the operator of its machine.

## Why its log is suspect, and the next step

alarm-no-mark = 高水位文件缺失或损坏，本日志可能是旧副本。节点只作暂定答复；链路恢复后，云端会让它进入新的一代。
alarm-restored = 本日志不是上次答复所依据的日志：数据库被恢复过。节点只作暂定答复；链路恢复后，云端会让它进入新的一代，并归还丢失的内容。
alarm-chain = 云端收到过本节点的另一份日志。节点只作暂定答复；链路恢复后，云端会让它进入新的一代，并归还丢失的内容。
alarm-receipt = 有平板持有本日志中没有的回执：本机被恢复过。节点只作暂定答复；链路恢复后，云端会让它进入新的一代。
alarm-twin = 本节点的另一个实例正在运行，因此这一个是副本。它只作暂定答复，且不被接入：运行 `holdfast enrol REGION NAME` 为它取新名称并生成登记码，填入 edge.name 和 edge.enrolment_code，然后重新启动。
alarm-damaged = 数据库曾经损坏，已用其中仍可读的内容重建。节点只作暂定答复；链路恢复后，云端会让它进入新的一代，并归还丢失的内容和全部订单。日志里写有损坏的文件和已保存的未决操作的位置。请检查或更换本机的磁盘。

## Its part in the right to assign

right-suspect = 本节点以栅栏号 { $fence } 持有派单权，但其日志可疑：接单为暂定。
right-firm = 本节点以栅栏号 { $fence } 持有派单权：接单即为最终。
right-unproven = 本节点获得了栅栏号 { $fence } 的派单权，但其订单与授权时的订单不一致：在重新授权本区域之前，接单为暂定。
right-epoch-over = 本节点在已结束的一代中持有过派单权：在重新授权本区域之前，接单为暂定。
right-elsewhere = 派单权由节点 { $holder } 持有：此处的接单为暂定，由该节点决定。
right-nowhere = 没有节点持有派单权：接单为暂定，由云端决定。
