# How a moment is written: as the pages write it (protocol/web/src/format.ts).

moment = { $month } { $day }, { $year }, { $time }
moment-and-zone = { $month } { $day }, { $year }, { $time } { $zone }
moment-until = { $start } to { $end }

month-jan = Jan
month-feb = Feb
month-mar = Mar
month-apr = Apr
month-may = May
month-jun = Jun
month-jul = Jul
month-aug = Aug
month-sep = Sep
month-oct = Oct
month-nov = Nov
month-dec = Dec
