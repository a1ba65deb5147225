package question

func init() {
	reads["zh"] = map[string][2]string{
		"means":        {"不可抗力是指不能预见、不能避免且不能克服的客观情况。", "什么是不可抗力？"},
		"is a":         {"仓储合同是保管人储存存货人交付的仓储物，存货人支付仓储费的合同。", "什么是仓储合同？"},
		"one may":      {"经理可以委托代理人订立合同。", "经理可以委托代理人订立合同吗？"},
		"one must":     {"承揽人应当妥善保管定作人提供的材料以及完成的工作成果。", "承揽人必须妥善保管定作人提供的材料以及完成的工作成果吗？"},
		"one may not":  {"公司不得将租赁物转租给第三人。", "公司可以将租赁物转租给第三人吗？"},
		"in case may":  {"租客未按照约定的方法使用租赁物的，房东可以终止合同。", "租客未按照约定的方法使用租赁物，能不能终止合同？"},
		"in case must": {"寄存人未按照约定支付保管费的，保管人应当先行催告。", "寄存人未按照约定支付保管费，要先行催告吗？"},
		"crime":        {"以欺骗手段取得银行贷款的，处三年以下有期徒刑，并处罚金。", "以欺骗手段取得银行贷款，判几年？"},
		"in case":      {"捡到遗失物无人认领的，归国家所有。", "捡到遗失物无人认领怎么办？"},
		"liable":       {"饲养的小狗造成邻居受伤的，饲养人应当承担侵权责任。", "饲养的小狗造成邻居受伤，要赔偿吗？"},
		"when":         {"有下列情形之一的，允许终止合同：（一）因不可抗力致使不能实现合同目的；", "什么情况下允许终止合同？"},
		"by whom":      {"失踪人的财产由其父母保管。", "由谁保管？"},
		"whose":        {"城市的土地属于国家所有。", "城市的土地归谁？"},
		"until":        {"异议人自登记之日起十五日内提起诉讼。", "异议人自登记之日起多久内提起诉讼？"},
		"time":         {"租赁期限在六个月以内的口头约定算数。", "租赁期限的期限是多久？"},
		"money":        {"罚款数额是货值的三倍以上。", "罚款数额是多少？"},
		"begins":       {"仓储合同自保管人和存货人意思表示一致时成立。", "仓储合同什么时候成立？"},
		"valid":        {"违背公序良俗的民事法律行为无效。", "违背公序良俗的民事法律行为有效吗？"},
		"kinds":        {"夫妻共同财产包括工资、奖金和劳务报酬。", "夫妻共同财产有哪些？"},
	}
	reads["de"] = map[string][2]string{
		"one may not": {"Der Nutzer darf die Software ohne Zustimmung des Urhebers nicht weitergeben.", "Darf der Nutzer die Software ohne Zustimmung des Urhebers weitergeben?"},
		"one may":     {"Der Mieter darf in der Wohnung einen kleinen Hund halten.", "Darf der Mieter in der Wohnung einen kleinen Hund halten?"},
		"one must":    {"Die Gemeinde muss den Gehweg vor der Schule im Winter räumen.", "Muss die Gemeinde den Gehweg vor der Schule im Winter räumen?"},
		"one has to":  {"Der Vermieter hat die Wohnung in einem guten Zustand zu übergeben.", "Hat der Vermieter die Wohnung in einem guten Zustand zu übergeben?"},
		"if first":    {"Wenn der Käufer die Ware nicht rechtzeitig bezahlt, kann der Händler sie zurück verlangen.", "Was passiert, wenn der Käufer die Ware nicht rechtzeitig bezahlt?"},
		"if later":    {"Die Karte ist für den Inhaber nicht mehr gültig, wenn das Foto darauf fehlt.", "Was gilt, wenn das Foto darauf fehlt?"},
		"whoever":     {"Wer ein fremdes Fahrrad ohne Erlaubnis benutzt, wird mit einer Buße belegt.", "Was passiert, wenn jemand ein fremdes Fahrrad ohne Erlaubnis benutzt?"},
		"means":       {"Kleingärten im Sinne dieses Gesetzes sind die Flächen, auf denen der Pächter sich erholt und nicht wohnt.", "Was versteht man unter Kleingärten?"},
		"time":        {"Der Einspruch ist innerhalb von vier Wochen bei der Behörde zu erheben und zu begründen.", "Welche Frist gilt für Einspruch?"},
		"liable":      {"Der Halter haftet für den Schaden durch seinen Hund.", "Wer haftet für den Schaden durch seinen Hund?"},
	}
	reads["fr"] = map[string][2]string{
		"one may not": {"Le locataire ne peut pas transformer les locaux loués dans le jardin de la maison.", "A-t-on le droit de transformer les locaux loués dans le jardin de la maison ?"},
		"one may":     {"Le voyageur peut emporter un petit chien dans un panier fermé.", "Est-ce que le voyageur peut emporter un petit chien dans un panier fermé ?"},
		"one must":    {"Le gardien doit fermer la grille du parc à la tombée de la nuit.", "Faut-il fermer la grille du parc à la tombée de la nuit ?"},
		"is bound":    {"Le vendeur est tenu de livrer la chose dans la ville de son client.", "Qui doit livrer la chose dans la ville de son client ?"},
		"if first":    {"Si la chose vendue est perdue en route, le prix est rendu à la personne qui l'a payé.", "Que se passe-t-il si la chose vendue est perdue en route ?"},
		"if later":    {"La carte de pêche est retirée par le maire si le pêcheur laisse des déchets sur la rive.", "Que faire si le pêcheur laisse des déchets sur la rive ?"},
		"means":       {"On entend par « jardin partagé » un terrain qui est cultivé par les habitants du quartier.", "Qu'est-ce que jardin partagé ?"},
		"is a":        {"La caution est une somme que le locataire dépose à la signature du bail.", "Que signifie la caution ?"},
		"time":        {"La réclamation est faite par écrit dans un délai de deux mois par le client.", "Quel est le délai pour réclamation ?"},
		"liable":      {"Le propriétaire est responsable des dégâts que son chien a faits dans la rue.", "Qui est responsable des dégâts que son chien a faits dans la rue ?"},
	}
	reads["ko"] = map[string][2]string{
		"one may":     {"방문객은 도서관에서 책을 다섯 권까지 빌릴 수 있다.", "방문객은 도서관에서 책을 다섯 권까지 빌릴 수 있나요?"},
		"one may not": {"허가 없이 공원에서 불을 피울 수 없다.", "허가 없이 공원에서 불을 피울 수 있나요?"},
		"forbidden":   {"누구든지 우물 근처에 쓰레기를 방치하여서는 아니 된다.", "누구든지 우물 근처에 쓰레기를 방치해도 되나요?"},
		"one must":    {"집주인은 겨울이 오기 전에 난로를 점검하여야 한다.", "집주인은 겨울이 오기 전에 난로를 점검해야 하나요?"},
		"who must":    {"관리인은 매일 아침 정문을 청소하여야 한다.", "누가 매일 아침 정문을 청소해야 하나요?"},
		"who may":     {"회원은 주말에 운동장을 무료로 쓸 수 있다.", "주말에 운동장을 무료로 쓸 수 있는 사람은 누구인가요?"},
		"in case":     {"빌린 자전거가 고장 난 경우 가까운 가게에 알린다.", "빌린 자전거가 고장 난 경우 어떻게 되나요?"},
		"if":          {"세 번 이상 회비를 내지 않으면 회원 자격을 잃는다.", "세 번 이상 회비를 내지 않으면 어떻게 되나요?"},
		"means":       {"공유 텃밭이란 주민들이 함께 가꾸는 땅을 말한다.", "공유 텃밭의 뜻은 무엇인가요?"},
		"time":        {"분실 신고는 30일 이내에 사무실로 한다.", "분실 신고 기한은 며칠인가요?"},
	}
}
