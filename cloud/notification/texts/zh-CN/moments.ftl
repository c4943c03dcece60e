# How a moment is written: as the pages write it (protocol/web/src/format.ts).

moment = { $year }年{ $month }{ $day }日 { $time }
moment-and-zone = { $year }年{ $month }{ $day }日 { $zone } { $time }
moment-until = { $start } 至 { $end }

month-jan = 1月
month-feb = 2月
month-mar = 3月
month-apr = 4月
month-may = 5月
month-jun = 6月
month-jul = 7月
month-aug = 8月
month-sep = 9月
month-oct = 10月
month-nov = 11月
month-dec = 12月
