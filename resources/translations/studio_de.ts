<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE">
<context>
    <name>AboutDialog</name>
    <message>
        <source>About Seamseg Studio</source>
        <translation>Über Seamseg Studio</translation>
    </message>
    <message>
        <source>asking …</source>
        <translation>wird erfragt …</translation>
    </message>
    <message>
        <source>Diagnostics</source>
        <translation>Diagnose</translation>
    </message>
    <message>
        <source>Program</source>
        <translation>Programm</translation>
    </message>
    <message>
        <source>Libraries</source>
        <translation>Bibliotheken</translation>
    </message>
    <message>
        <source>Copy the diagnostics</source>
        <translation>Diagnose kopieren</translation>
    </message>
    <message>
        <source>Versions, machine and the last messages; no names or contents of images</source>
        <translation>Versionen, Rechner und die letzten Meldungen; keine Namen oder Inhalte von Bildern</translation>
    </message>
    <message>
        <source>Labels every pixel of images with a model that learns from your corrections.</source>
        <translation>Beschriftet jedes Pixel von Bildern mit einem Modell, das aus Ihren Korrekturen lernt.</translation>
    </message>
    <message>
        <source>Licence of the program</source>
        <translation>Lizenz des Programms</translation>
    </message>
    <message>
        <source>The sample photos</source>
        <translation>Die Beispielfotos</translation>
    </message>
    <message>
        <source>CC BY 2.0; their sources are listed beside them</source>
        <translation>CC BY 2.0; ihre Quellen sind daneben aufgeführt</translation>
    </message>
    <message>
        <source>The starter model</source>
        <translation>Das Startmodell</translation>
    </message>
    <message>
        <source>for non-commercial use only, as the data it was trained on</source>
        <translation>nur für nichtkommerzielle Zwecke, wie die Daten, mit denen es trainiert wurde</translation>
    </message>
    <message>
        <source>The network&apos;s own operations here</source>
        <translation>Die eigenen Operationen des Netzes auf diesem Rechner</translation>
    </message>
    <message>
        <source>Library</source>
        <translation>Bibliothek</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>&amp;100 %</source>
        <translation>&amp;100 %</translation>
    </message>
    <message>
        <source>&amp;About Seamseg Studio</source>
        <translation>&amp;Über Seamseg Studio</translation>
    </message>
    <message>
        <source>&amp;Brush</source>
        <translation>&amp;Pinsel</translation>
    </message>
    <message>
        <source>&amp;Cancel labelling</source>
        <translation>Beschriften a&amp;bbrechen</translation>
    </message>
    <message>
        <source>&amp;Categories without outlines</source>
        <translation>&amp;Kategorien ohne Umrisse</translation>
    </message>
    <message>
        <source>&amp;Close project</source>
        <translation>Projekt s&amp;chließen</translation>
    </message>
    <message>
        <source>&amp;Command palette…</source>
        <translation>&amp;Befehlspalette…</translation>
    </message>
    <message>
        <source>&amp;Compare it with its base…</source>
        <translation>Mit der Grundlage &amp;vergleichen…</translation>
    </message>
    <message>
        <source>&amp;Convert to the current category</source>
        <translation>In die aktuelle Kategorie &amp;umwandeln</translation>
    </message>
    <message>
        <source>&amp;Dark</source>
        <translation>&amp;Dunkel</translation>
    </message>
    <message>
        <source>&amp;Delete</source>
        <translation>&amp;Löschen</translation>
    </message>
    <message>
        <source>&amp;Difference to the prediction</source>
        <translation>&amp;Unterschied zur Vorhersage</translation>
    </message>
    <message>
        <source>&amp;Dim all but the selection</source>
        <translation>Alles außer der Auswahl ab&amp;dunkeln</translation>
    </message>
    <message>
        <source>&amp;Edit the categories…</source>
        <translation>Kategorien &amp;bearbeiten…</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>&amp;Bearbeiten</translation>
    </message>
    <message>
        <source>&amp;Eraser</source>
        <translation>&amp;Radierer</translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>&amp;Exportieren…</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Fill and outline</source>
        <translation>&amp;Füllung und Umriss</translation>
    </message>
    <message>
        <source>&amp;Fill</source>
        <translation>&amp;Füllen</translation>
    </message>
    <message>
        <source>&amp;Fit the image</source>
        <translation>Bild ein&amp;passen</translation>
    </message>
    <message>
        <source>&amp;Flag or unflag</source>
        <translation>&amp;Markieren oder Markierung entfernen</translation>
    </message>
    <message>
        <source>&amp;Go back to the model before</source>
        <translation>&amp;Zurück zum vorigen Modell</translation>
    </message>
    <message>
        <source>&amp;Grow and smooth</source>
        <translation>&amp;Wachsen und Glätten</translation>
    </message>
    <message>
        <source>&amp;Grow by a pixel</source>
        <translation>Um ein Pixel &amp;wachsen</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>&amp;Hide or show the current category</source>
        <translation>Aktuelle Kategorie &amp;aus- oder einblenden</translation>
    </message>
    <message>
        <source>&amp;Hide or show</source>
        <translation>&amp;Aus- oder einblenden</translation>
    </message>
    <message>
        <source>&amp;Instances apart</source>
        <translation>&amp;Instanzen unterscheiden</translation>
    </message>
    <message>
        <source>&amp;Keyboard shortcuts</source>
        <translation>&amp;Tastenkürzel</translation>
    </message>
    <message>
        <source>&amp;Label this image</source>
        <translation>Dieses Bild be&amp;schriften</translation>
    </message>
    <message>
        <source>&amp;Label</source>
        <translation>Be&amp;schriften</translation>
    </message>
    <message>
        <source>&amp;Larger brush</source>
        <translation>&amp;Größerer Pinsel</translation>
    </message>
    <message>
        <source>&amp;Larger</source>
        <translation>&amp;Größer</translation>
    </message>
    <message>
        <source>&amp;Lasso</source>
        <translation>&amp;Lasso</translation>
    </message>
    <message>
        <source>&amp;Light</source>
        <translation>&amp;Hell</translation>
    </message>
    <message>
        <source>&amp;Load a model…</source>
        <translation>Modell &amp;laden…</translation>
    </message>
    <message>
        <source>&amp;Lock or unlock</source>
        <translation>&amp;Sperren oder entsperren</translation>
    </message>
    <message>
        <source>&amp;Merge</source>
        <translation>&amp;Vereinigen</translation>
    </message>
    <message>
        <source>&amp;Next image</source>
        <translation>&amp;Nächstes Bild</translation>
    </message>
    <message>
        <source>&amp;Normal</source>
        <translation>&amp;Normal</translation>
    </message>
    <message>
        <source>&amp;Open the most uncertain image</source>
        <translation>Das &amp;unsicherste Bild öffnen</translation>
    </message>
    <message>
        <source>&amp;Outline only</source>
        <translation>Nur &amp;Umriss</translation>
    </message>
    <message>
        <source>&amp;Overlay</source>
        <translation>&amp;Überlagerung</translation>
    </message>
    <message>
        <source>&amp;Paste at the same place</source>
        <translation>An derselben Stelle &amp;einfügen</translation>
    </message>
    <message>
        <source>&amp;Pause labelling</source>
        <translation>Beschriften an&amp;halten</translation>
    </message>
    <message>
        <source>&amp;Polygon</source>
        <translation>Pol&amp;ygon</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>&amp;Wiederherstellen</translation>
    </message>
    <message>
        <source>&amp;Reject: back to the prediction</source>
        <translation>&amp;Verwerfen: zurück zur Vorhersage</translation>
    </message>
    <message>
        <source>&amp;Reset the layout</source>
        <translation>Anordnung &amp;zurücksetzen</translation>
    </message>
    <message>
        <source>&amp;Rulers</source>
        <translation>&amp;Lineale</translation>
    </message>
    <message>
        <source>&amp;Search a category</source>
        <translation>Kategorie &amp;suchen</translation>
    </message>
    <message>
        <source>&amp;Segment</source>
        <translation>&amp;Segment</translation>
    </message>
    <message>
        <source>&amp;Select</source>
        <translation>&amp;Auswählen</translation>
    </message>
    <message>
        <source>&amp;Shrink by a pixel</source>
        <translation>Um ein Pixel s&amp;chrumpfen</translation>
    </message>
    <message>
        <source>&amp;Smaller</source>
        <translation>&amp;Kleiner</translation>
    </message>
    <message>
        <source>&amp;Stop the training</source>
        <translation>Training &amp;anhalten</translation>
    </message>
    <message>
        <source>&amp;Take acceptance back</source>
        <translation>Annahme &amp;zurücknehmen</translation>
    </message>
    <message>
        <source>&amp;Theme</source>
        <translation>&amp;Farbschema</translation>
    </message>
    <message>
        <source>&amp;Tools</source>
        <translation>&amp;Werkzeuge</translation>
    </message>
    <message>
        <source>&amp;Train on the corrections…</source>
        <translation>Mit den Korrekturen &amp;trainieren…</translation>
    </message>
    <message>
        <source>&amp;Train</source>
        <translation>&amp;Trainieren</translation>
    </message>
    <message>
        <source>&amp;Uncertainty of the model</source>
        <translation>&amp;Unsicherheit des Modells</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>&amp;Rückgängig</translation>
    </message>
    <message>
        <source>&amp;Use the new model</source>
        <translation>&amp;Neues Modell verwenden</translation>
    </message>
    <message>
        <source>&amp;User guide</source>
        <translation>&amp;Handbuch</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <source>&amp;What is this?</source>
        <translation>&amp;Was ist das?</translation>
    </message>
    <message>
        <source>&amp;Who said so</source>
        <translation>&amp;Wer es sagt</translation>
    </message>
    <message>
        <source>A&amp;ccept, on to the next</source>
        <translation>&amp;Annehmen, weiter zum nächsten</translation>
    </message>
    <message>
        <source>As the &amp;system</source>
        <translation>Wie das &amp;System</translation>
    </message>
    <message>
        <source>Ask the m&amp;odel</source>
        <translation>Das M&amp;odell fragen</translation>
    </message>
    <message>
        <source>C&amp;opy</source>
        <translation>&amp;Kopieren</translation>
    </message>
    <message>
        <source>Category of key 1</source>
        <translation>Kategorie der Taste 1</translation>
    </message>
    <message>
        <source>Category of key 2</source>
        <translation>Kategorie der Taste 2</translation>
    </message>
    <message>
        <source>Category of key 3</source>
        <translation>Kategorie der Taste 3</translation>
    </message>
    <message>
        <source>Category of key 4</source>
        <translation>Kategorie der Taste 4</translation>
    </message>
    <message>
        <source>Category of key 5</source>
        <translation>Kategorie der Taste 5</translation>
    </message>
    <message>
        <source>Category of key 6</source>
        <translation>Kategorie der Taste 6</translation>
    </message>
    <message>
        <source>Category of key 7</source>
        <translation>Kategorie der Taste 7</translation>
    </message>
    <message>
        <source>Category of key 8</source>
        <translation>Kategorie der Taste 8</translation>
    </message>
    <message>
        <source>Category of key 9</source>
        <translation>Kategorie der Taste 9</translation>
    </message>
    <message>
        <source>Copy from the image bef&amp;ore</source>
        <translation>Aus dem v&amp;orherigen Bild übernehmen</translation>
    </message>
    <message>
        <source>Cro&amp;wd or not</source>
        <translation>&amp;Gruppe oder nicht</translation>
    </message>
    <message>
        <source>Cross&amp;hair</source>
        <translation>&amp;Fadenkreuz</translation>
    </message>
    <message>
        <source>F&amp;ull screen</source>
        <translation>&amp;Vollbild</translation>
    </message>
    <message>
        <source>Fill &amp;holes</source>
        <translation>&amp;Löcher füllen</translation>
    </message>
    <message>
        <source>Flag with a n&amp;ote…</source>
        <translation>Mit N&amp;otiz markieren…</translation>
    </message>
    <message>
        <source>Gi&amp;ve a category at the pointer…</source>
        <translation>Kategorie am Zeiger &amp;geben…</translation>
    </message>
    <message>
        <source>Give &amp;category</source>
        <translation>&amp;Kategorie geben</translation>
    </message>
    <message>
        <source>High &amp;contrast</source>
        <translation>Hoher &amp;Kontrast</translation>
    </message>
    <message>
        <source>I&amp;mage as it is</source>
        <translation>&amp;Bild wie es ist</translation>
    </message>
    <message>
        <source>Label &amp;all images</source>
        <translation>&amp;Alle Bilder beschriften</translation>
    </message>
    <message>
        <source>Label all images a&amp;gain…</source>
        <translation>Alle Bilder &amp;neu beschriften…</translation>
    </message>
    <message>
        <source>Lock or unlock the c&amp;urrent category</source>
        <translation>Aktuelle Kategorie sp&amp;erren oder entsperren</translation>
    </message>
    <message>
        <source>Magic &amp;wand</source>
        <translation>&amp;Zauberstab</translation>
    </message>
    <message>
        <source>Mo&amp;del thresholds</source>
        <translation>Sch&amp;wellen des Modells</translation>
    </message>
    <message>
        <source>Ne&amp;xt panel</source>
        <translation>Nächstes &amp;Feld</translation>
    </message>
    <message>
        <source>Next &amp;unaccepted image</source>
        <translation>Nächstes nicht an&amp;genommenes Bild</translation>
    </message>
    <message>
        <source>Next uncertain &amp;place</source>
        <translation>Nächste unsichere &amp;Stelle</translation>
    </message>
    <message>
        <source>Open &amp;folder…</source>
        <translation>&amp;Ordner öffnen…</translation>
    </message>
    <message>
        <source>Open &amp;images…</source>
        <translation>B&amp;ilder öffnen…</translation>
    </message>
    <message>
        <source>Open &amp;project…</source>
        <translation>&amp;Projekt öffnen…</translation>
    </message>
    <message>
        <source>Open the &amp;sample photos</source>
        <translation>Bei&amp;spielfotos öffnen</translation>
    </message>
    <message>
        <source>P&amp;references…</source>
        <translation>Ei&amp;nstellungen…</translation>
    </message>
    <message>
        <source>Pick &amp;category</source>
        <translation>&amp;Kategorie aufnehmen</translation>
    </message>
    <message>
        <source>Pre&amp;vious image</source>
        <translation>&amp;Vorheriges Bild</translation>
    </message>
    <message>
        <source>Pre&amp;vious panel</source>
        <translation>V&amp;origes Feld</translation>
    </message>
    <message>
        <source>Previous uncertain place</source>
        <translation>Vorige unsichere Stelle</translation>
    </message>
    <message>
        <source>R&amp;estart the engine</source>
        <translation>&amp;Engine neu starten</translation>
    </message>
    <message>
        <source>S&amp;hape</source>
        <translation>&amp;Form</translation>
    </message>
    <message>
        <source>S&amp;maller brush</source>
        <translation>&amp;Kleinerer Pinsel</translation>
    </message>
    <message>
        <source>S&amp;mart scissors</source>
        <translation>&amp;Magnetische Schere</translation>
    </message>
    <message>
        <source>S&amp;mooth the borders</source>
        <translation>Ränder &amp;glätten</translation>
    </message>
    <message>
        <source>S&amp;uperpixel brush</source>
        <translation>&amp;Superpixel-Pinsel</translation>
    </message>
    <message>
        <source>Select &amp;all segments</source>
        <translation>&amp;Alle Segmente auswählen</translation>
    </message>
    <message>
        <source>Select &amp;none</source>
        <translation>&amp;Nichts auswählen</translation>
    </message>
    <message>
        <source>Short &amp;tour</source>
        <translation>Kurzer &amp;Rundgang</translation>
    </message>
    <message>
        <source>Show &amp;all</source>
        <translation>Alle &amp;einblenden</translation>
    </message>
    <message>
        <source>Show &amp;names</source>
        <translation>&amp;Namen zeigen</translation>
    </message>
    <message>
        <source>Show out&amp;lines</source>
        <translation>Um&amp;risse zeigen</translation>
    </message>
    <message>
        <source>Spli&amp;t</source>
        <translation>&amp;Teilen</translation>
    </message>
    <message>
        <source>Split into unconnected &amp;parts</source>
        <translation>In unverbundene T&amp;eile zerlegen</translation>
    </message>
    <message>
        <source>T&amp;roubleshooting</source>
        <translation>&amp;Fehlerhilfe</translation>
    </message>
    <message>
        <source>T&amp;utorial</source>
        <translation>&amp;Einführung</translation>
    </message>
    <message>
        <source>Text &amp;size</source>
        <translation>Schrift&amp;größe</translation>
    </message>
    <message>
        <source>Use the sta&amp;rter model</source>
        <translation>&amp;Startmodell verwenden</translation>
    </message>
    <message>
        <source>Work &amp;area</source>
        <translation>A&amp;rbeitsbereich</translation>
    </message>
    <message>
        <source>Work on the whole &amp;image</source>
        <translation>Am ganzen &amp;Bild arbeiten</translation>
    </message>
    <message>
        <source>Zoom &amp;in</source>
        <translation>Ver&amp;größern</translation>
    </message>
    <message>
        <source>Zoom &amp;out</source>
        <translation>Ver&amp;kleinern</translation>
    </message>
</context>
<context>
    <name>Additions</name>
    <message>
        <source>Adding images</source>
        <translation>Bilder werden hinzugefügt</translation>
    </message>
</context>
<context>
    <name>Canvas</name>
    <message>
        <source>Canvas</source>
        <translation>Leinwand</translation>
    </message>
    <message>
        <source>There is no prediction of this image to compare with</source>
        <translation>Zu diesem Bild gibt es keine Vorhersage, mit der man vergleichen könnte</translation>
    </message>
    <message>
        <source>The last change is still being worked out; undo drops it</source>
        <translation>Die letzte Änderung wird noch berechnet; Rückgängig verwirft sie</translation>
    </message>
    <message>
        <source>model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>you</source>
        <translation>Sie</translation>
    </message>
    <message>
        <source>file</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>locked</source>
        <translation>gesperrt</translation>
    </message>
</context>
<context>
    <name>CanvasBar</name>
    <message>
        <source>Overlay</source>
        <translation>Überlagerung</translation>
    </message>
    <message>
        <source>How strong the colours are</source>
        <translation>Wie kräftig die Farben sind</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>How bright the image is</source>
        <translation>Wie hell das Bild ist</translation>
    </message>
    <message>
        <source>Fill + outline</source>
        <translation>Füllung + Umriss</translation>
    </message>
    <message>
        <source>Colours of the categories, with outlines</source>
        <translation>Farben der Kategorien, mit Umrissen</translation>
    </message>
    <message>
        <source>Outline</source>
        <translation>Umriss</translation>
    </message>
    <message>
        <source>Outlines only</source>
        <translation>Nur Umrisse</translation>
    </message>
    <message>
        <source>Instances</source>
        <translation>Instanzen</translation>
    </message>
    <message>
        <source>Each instance in a colour of its own</source>
        <translation>Jede Instanz in einer eigenen Farbe</translation>
    </message>
    <message>
        <source>Categories</source>
        <translation>Kategorien</translation>
    </message>
    <message>
        <source>Colours of the categories, without outlines</source>
        <translation>Farben der Kategorien, ohne Umrisse</translation>
    </message>
    <message>
        <source>Uncertainty</source>
        <translation>Unsicherheit</translation>
    </message>
    <message>
        <source>Blue where the model is sure, yellow where it is not; plain where you have said so</source>
        <translation>Blau, wo das Modell sicher ist, gelb, wo nicht; einfarbig, wo Sie es gesagt haben</translation>
    </message>
    <message>
        <source>Who said so</source>
        <translation>Wer es sagt</translation>
    </message>
    <message>
        <source>Model blue, you orange, imported green</source>
        <translation>Modell blau, Sie orange, importiert grün</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Unterschied</translation>
    </message>
    <message>
        <source>Only where the category is not what the model said; light grey where nothing is left</source>
        <translation>Nur wo die Kategorie nicht die des Modells ist; hellgrau, wo nichts übrig ist</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>Further meanings of the colours</source>
        <translation>Weitere Bedeutungen der Farben</translation>
    </message>
    <message>
        <source>H peek</source>
        <translation>H zeigt das Bild</translation>
    </message>
    <message>
        <source>Hold H to see the image alone</source>
        <translation>H halten, um nur das Bild zu sehen</translation>
    </message>
</context>
<context>
    <name>Card</name>
    <message>
        <source>Dismiss: {0}</source>
        <translation>Schließen: {0}</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>What can I do?</source>
        <translation>Was kann ich tun?</translation>
    </message>
    <message>
        <source>Opens the guide at what it says about this message</source>
        <translation>Öffnet das Handbuch dort, wo es von dieser Meldung handelt</translation>
    </message>
</context>
<context>
    <name>CategoriesDialog</name>
    <message>
        <source>Categories</source>
        <translation>Kategorien</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Hinzufügen</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Up</source>
        <translation>Nach oben</translation>
    </message>
    <message>
        <source>Down</source>
        <translation>Nach unten</translation>
    </message>
    <message>
        <source>Colour…</source>
        <translation>Farbe…</translation>
    </message>
    <message>
        <source>Thing or stuff</source>
        <translation>Ding oder Stoff</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>Importieren…</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Ändern</translation>
    </message>
    <message>
        <source>Written to {0}.</source>
        <translation>Geschrieben nach {0}.</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>Segments</source>
        <translation>Segmente</translation>
    </message>
    <message>
        <source>Its segments become</source>
        <translation>Seine Segmente werden</translation>
    </message>
    <message>
        <source>thing</source>
        <translation>Ding</translation>
    </message>
    <message>
        <source>stuff</source>
        <translation>Stoff</translation>
    </message>
    <message>
        <source>What the segments of {0} become</source>
        <translation>Was die Segmente von {0} werden</translation>
    </message>
    <message>
        <source>unlabelled</source>
        <translation>unbeschriftet</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>No label changes.</source>
        <translation>Keine Beschriftung ändert sich.</translation>
    </message>
    <message>
        <source>Images whose labels change: {0}.</source>
        <translation>Bilder, deren Beschriftung sich ändert: {0}.</translation>
    </message>
    <message>
        <source>Segments that become unlabelled: {0}.</source>
        <translation>Segmente, die unbeschriftet werden: {0}.</translation>
    </message>
    <message>
        <source>A backup is made, and it can be taken back.</source>
        <translation>Eine Sicherung wird angelegt, und es lässt sich zurücknehmen.</translation>
    </message>
    <message>
        <source>new category</source>
        <translation>neue Kategorie</translation>
    </message>
    <message>
        <source>Taxonomies ({0})</source>
        <translation>Taxonomien ({0})</translation>
    </message>
    <message>
        <source>Import categories</source>
        <translation>Kategorien importieren</translation>
    </message>
    <message>
        <source>Export categories</source>
        <translation>Kategorien exportieren</translation>
    </message>
</context>
<context>
    <name>CategoriesPanel</name>
    <message>
        <source>Categories</source>
        <translation>Kategorien</translation>
    </message>
    <message>
        <source>Search or press /</source>
        <translation>Suchen oder / drücken</translation>
    </message>
    <message>
        <source>The categories of the open image will be listed here.</source>
        <translation>Hier stehen die Kategorien des geöffneten Bildes.</translation>
    </message>
    <message>
        <source>The key counts until the project is closed only</source>
        <translation>Die Taste gilt nur, bis das Projekt geschlossen wird</translation>
    </message>
    <message>
        <source>{0} · stuff {1} · things {2}</source>
        <translation>{0} · Stoffe {1} · Dinge {2}</translation>
    </message>
    <message>
        <source>Give the selection to {0}</source>
        <translation>Auswahl zu {0} machen</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>Taste</translation>
    </message>
    <message>
        <source>Hidden</source>
        <translation>Ausgeblendet</translation>
    </message>
    <message>
        <source>Locked in every image</source>
        <translation>In jedem Bild gesperrt</translation>
    </message>
    <message>
        <source>Edit the categories…</source>
        <translation>Kategorien bearbeiten…</translation>
    </message>
</context>
<context>
    <name>CategoryChange</name>
    <message>
        <source>Some work is not on disk yet; free some space and try again.</source>
        <translation>Ein Teil der Arbeit ist noch nicht auf der Platte; schaffen Sie Platz und versuchen Sie es erneut.</translation>
    </message>
    <message>
        <source>Changing the categories</source>
        <translation>Kategorien werden geändert</translation>
    </message>
    <message>
        <source>The categories were not brought back</source>
        <translation>Die Kategorien wurden nicht zurückgeholt</translation>
    </message>
    <message>
        <source>Edited since, so left as they are: {0}</source>
        <translation>Seitdem bearbeitet und deshalb belassen: {0}</translation>
    </message>
    <message>
        <source>The former categories are back</source>
        <translation>Die früheren Kategorien sind wieder da</translation>
    </message>
    <message>
        <source>Images whose labels changed: {0}</source>
        <translation>Bilder, deren Beschriftung sich änderte: {0}</translation>
    </message>
    <message>
        <source>Take it back</source>
        <translation>Zurücknehmen</translation>
    </message>
    <message>
        <source>Keep it</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>The categories are changed</source>
        <translation>Die Kategorien sind geändert</translation>
    </message>
</context>
<context>
    <name>CategoryModel</name>
    <message>
        <source>stuff</source>
        <translation>Stoff</translation>
    </message>
    <message>
        <source>thing</source>
        <translation>Ding</translation>
    </message>
    <message>
        <source>segments: {0}</source>
        <translation>Segmente: {0}</translation>
    </message>
    <message>
        <source>hidden</source>
        <translation>ausgeblendet</translation>
    </message>
    <message>
        <source>locked</source>
        <translation>gesperrt</translation>
    </message>
</context>
<context>
    <name>CategoryPopup</name>
    <message>
        <source>Give a category</source>
        <translation>Kategorie geben</translation>
    </message>
    <message>
        <source>Type a category</source>
        <translation>Kategorie eingeben</translation>
    </message>
</context>
<context>
    <name>ChangedPhotos</name>
    <message>
        <source>Not saved</source>
        <translation>Nicht gespeichert</translation>
    </message>
    <message>
        <source>The labels of {0} were made over another picture. Put the former file back, or look them over.</source>
        <translation>Die Beschriftung von {0} entstand auf einem anderen Bild. Legen Sie die frühere Datei zurück, oder sehen Sie die Beschriftung durch.</translation>
    </message>
    <message>
        <source>The labels fit</source>
        <translation>Die Beschriftung passt</translation>
    </message>
    <message>
        <source>The photo was changed since it was labelled</source>
        <translation>Das Foto wurde geändert, seit es beschriftet wurde</translation>
    </message>
</context>
<context>
    <name>Chips</name>
    <message>
        <source>starting</source>
        <translation>startet</translation>
    </message>
    <message>
        <source>loading the model</source>
        <translation>lädt das Modell</translation>
    </message>
    <message>
        <source>ready</source>
        <translation>bereit</translation>
    </message>
    <message>
        <source>working</source>
        <translation>arbeitet</translation>
    </message>
    <message>
        <source>restarting</source>
        <translation>startet neu</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>ausgefallen</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>Project  {0}</source>
        <translation>Projekt  {0}</translation>
    </message>
    <message>
        <source>read only</source>
        <translation>nur lesen</translation>
    </message>
    <message>
        <source>Model  {0}</source>
        <translation>Modell  {0}</translation>
    </message>
    <message>
        <source>{0}
{1} million parameters</source>
        <translation>{0}
{1} Millionen Parameter</translation>
    </message>
    <message>
        <source>Engine · {0}</source>
        <translation>Engine · {0}</translation>
    </message>
</context>
<context>
    <name>CommandPalette</name>
    <message>
        <source>Panel: {0}</source>
        <translation>Leiste: {0}</translation>
    </message>
    <message>
        <source>Command palette</source>
        <translation>Befehlspalette</translation>
    </message>
    <message>
        <source>Type a command</source>
        <translation>Befehl eingeben</translation>
    </message>
</context>
<context>
    <name>Commands</name>
    <message>
        <source>Open images</source>
        <translation>Bilder öffnen</translation>
    </message>
    <message>
        <source>Images ({0})</source>
        <translation>Bilder ({0})</translation>
    </message>
    <message>
        <source>Open a folder of images</source>
        <translation>Einen Ordner mit Bildern öffnen</translation>
    </message>
    <message>
        <source>Open a project (.seamseg)</source>
        <translation>Ein Projekt öffnen (.seamseg)</translation>
    </message>
    <message>
        <source>An export is running; wait for its end.</source>
        <translation>Ein Export läuft; warten Sie, bis er fertig ist.</translation>
    </message>
    <message>
        <source>No more uncertain places in this image</source>
        <translation>Keine unsicheren Stellen mehr in diesem Bild</translation>
    </message>
    <message>
        <source>Uncertain place {0} of {1} · {2} % unsure</source>
        <translation>Unsichere Stelle {0} von {1} · zu {2} % unsicher</translation>
    </message>
    <message>
        <source>a training is running</source>
        <translation>ein Training läuft</translation>
    </message>
    <message>
        <source>every image has labels</source>
        <translation>jedes Bild ist beschriftet</translation>
    </message>
    <message>
        <source>no image is open</source>
        <translation>kein Bild ist geöffnet</translation>
    </message>
    <message>
        <source>no images are being labelled</source>
        <translation>es werden keine Bilder beschriftet</translation>
    </message>
    <message>
        <source>no model was compared since the start</source>
        <translation>seit dem Start wurde kein Modell verglichen</translation>
    </message>
    <message>
        <source>no model was trained since the start</source>
        <translation>seit dem Start wurde kein Modell trainiert</translation>
    </message>
    <message>
        <source>no other model was used before</source>
        <translation>zuvor wurde kein anderes Modell verwendet</translation>
    </message>
    <message>
        <source>no project is open</source>
        <translation>kein Projekt ist geöffnet</translation>
    </message>
    <message>
        <source>no segment is selected</source>
        <translation>kein Segment ist ausgewählt</translation>
    </message>
    <message>
        <source>no segment was copied</source>
        <translation>kein Segment wurde kopiert</translation>
    </message>
    <message>
        <source>no training is running</source>
        <translation>kein Training läuft</translation>
    </message>
    <message>
        <source>nothing is hidden</source>
        <translation>nichts ist ausgeblendet</translation>
    </message>
    <message>
        <source>nothing to redo</source>
        <translation>nichts wiederherzustellen</translation>
    </message>
    <message>
        <source>nothing to undo</source>
        <translation>nichts rückgängig zu machen</translation>
    </message>
    <message>
        <source>select one segment</source>
        <translation>wählen Sie ein Segment</translation>
    </message>
    <message>
        <source>select two segments or more</source>
        <translation>wählen Sie mindestens zwei Segmente</translation>
    </message>
    <message>
        <source>the image is not accepted</source>
        <translation>das Bild ist nicht angenommen</translation>
    </message>
    <message>
        <source>the images are being labelled</source>
        <translation>die Bilder werden gerade beschriftet</translation>
    </message>
    <message>
        <source>the last change is still being worked out</source>
        <translation>die letzte Änderung wird noch berechnet</translation>
    </message>
    <message>
        <source>the model has not labelled this image</source>
        <translation>das Modell hat dieses Bild nicht beschriftet</translation>
    </message>
    <message>
        <source>the project is open for reading only</source>
        <translation>das Projekt ist nur zum Lesen geöffnet</translation>
    </message>
    <message>
        <source>the work area is the whole image</source>
        <translation>der Arbeitsbereich ist das ganze Bild</translation>
    </message>
</context>
<context>
    <name>CompareDialog</name>
    <message>
        <source>The new model beside its base</source>
        <translation>Das neue Modell neben seiner Grundlage</translation>
    </message>
    <message>
        <source>Images held back, greatest gain first</source>
        <translation>Zurückgehaltene Bilder, größter Gewinn zuerst</translation>
    </message>
    <message>
        <source>Show the photo in place of the base</source>
        <translation>Das Foto anstelle der Grundlage zeigen</translation>
    </message>
    <message>
        <source>Scores of the base and of the new model</source>
        <translation>Werte der Grundlage und des neuen Modells</translation>
    </message>
    <message>
        <source>base</source>
        <translation>Grundlage</translation>
    </message>
    <message>
        <source>new</source>
        <translation>neu</translation>
    </message>
</context>
<context>
    <name>Documents</name>
    <message>
        <source>Every change is on disk.</source>
        <translation>Jede Änderung ist auf der Platte.</translation>
    </message>
    <message>
        <source>Saved after all</source>
        <translation>Nun doch gespeichert</translation>
    </message>
    <message>
        <source>Changes of {0} are not on disk yet</source>
        <translation>Änderungen an {0} sind noch nicht auf der Platte</translation>
    </message>
    <message>
        <source>Not changed</source>
        <translation>Nicht geändert</translation>
    </message>
</context>
<context>
    <name>EnginePage</name>
    <message>
        <source>The fastest there is</source>
        <translation>Das schnellste vorhandene</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>GPU (CUDA)</source>
        <translation>GPU (CUDA)</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>Gerät</translation>
    </message>
    <message>
        <source>What suits the device</source>
        <translation>Was zum Gerät passt</translation>
    </message>
    <message>
        <source>32 bits: exact, slower</source>
        <translation>32 Bit: genau, langsamer</translation>
    </message>
    <message>
        <source>16 bits (fp16): faster on a GPU</source>
        <translation>16 Bit (fp16): schneller auf einer GPU</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>Genauigkeit</translation>
    </message>
    <message>
        <source>Half: fastest, misses small things</source>
        <translation>Halb: am schnellsten, übersieht Kleines</translation>
    </message>
    <message>
        <source>As the model was trained</source>
        <translation>Wie das Modell gelernt hat</translation>
    </message>
    <message>
        <source>One and a half: smaller things, twice the time</source>
        <translation>Anderthalb: kleinere Dinge, doppelte Zeit</translation>
    </message>
    <message>
        <source>Double: the smallest things, four times the time</source>
        <translation>Doppelt: die kleinsten Dinge, vierfache Zeit</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Label an image by itself when it is opened and has no labels</source>
        <translation>Ein unbeschriftetes Bild beim Öffnen von selbst beschriften</translation>
    </message>
    <message>
        <source>After a correction, offer what the model would change around it</source>
        <translation>Nach einer Korrektur anbieten, was das Modell ringsum ändern würde</translation>
    </message>
    <message>
        <source>A change of device or precision starts the engine anew; the size counts from the next image on.</source>
        <translation>Ein anderes Gerät oder eine andere Genauigkeit startet die Engine neu; die Größe gilt ab dem nächsten Bild.</translation>
    </message>
</context>
<context>
    <name>ExportDialog</name>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>Format</translation>
    </message>
    <message>
        <source>All with labels ({0})</source>
        <translation>Alle beschrifteten ({0})</translation>
    </message>
    <message>
        <source>Accepted only ({0})</source>
        <translation>Nur angenommene ({0})</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Wählen…</translation>
    </message>
    <message>
        <source>Replace what an earlier export left there</source>
        <translation>Ersetzen, was ein früherer Export dort hinterließ</translation>
    </message>
    <message>
        <source>Mapping of the categories</source>
        <translation>Zuordnung der Kategorien</translation>
    </message>
    <message>
        <source>as they are</source>
        <translation>wie sie sind</translation>
    </message>
    <message>
        <source>Categories</source>
        <translation>Kategorien</translation>
    </message>
    <message>
        <source>none: one part only</source>
        <translation>keine: nur ein Teil</translation>
    </message>
    <message>
        <source>Part for validation</source>
        <translation>Anteil zur Validierung</translation>
    </message>
    <message>
        <source>For validation</source>
        <translation>Zur Validierung</translation>
    </message>
    <message>
        <source>Keep together</source>
        <translation>Beisammen bleiben</translation>
    </message>
    <message>
        <source>Images that look nearly the same</source>
        <translation>Bilder, die fast gleich aussehen</translation>
    </message>
    <message>
        <source>also images whose names differ in their last number</source>
        <translation>auch Bilder, deren Namen sich in der letzten Zahl unterscheiden</translation>
    </message>
    <message>
        <source>also images of one folder</source>
        <translation>auch Bilder eines Ordners</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>As it is</source>
        <translation>Wie sie ist</translation>
    </message>
    <message>
        <source>Longer side at most {0} px</source>
        <translation>Längere Seite höchstens {0} px</translation>
    </message>
    <message>
        <source>Put the photographs beside the labels</source>
        <translation>Die Fotos neben die Beschriftungen legen</translation>
    </message>
    <message>
        <source>Mappings and taxonomies ({0})</source>
        <translation>Zuordnungen und Taxonomien ({0})</translation>
    </message>
    <message>
        <source>Export into</source>
        <translation>Exportieren nach</translation>
    </message>
    <message>
        <source>Name a folder.</source>
        <translation>Nennen Sie einen Ordner.</translation>
    </message>
    <message>
        <source>No image is accepted yet: accept some with Enter, or export all with labels.</source>
        <translation>Noch ist kein Bild angenommen: Nehmen Sie welche mit der Eingabetaste an, oder exportieren Sie alle beschrifteten.</translation>
    </message>
    <message>
        <source>No image has labels yet: label some first.</source>
        <translation>Noch ist kein Bild beschriftet: Beschriften Sie zuerst welche.</translation>
    </message>
    <message>
        <source>Images to write: {0}</source>
        <translation>Bilder zu schreiben: {0}</translation>
    </message>
    <message>
        <source>This format cannot carry everything; what is lost is counted and listed.</source>
        <translation>Dieses Format kann nicht alles aufnehmen; was verloren geht, wird gezählt und aufgelistet.</translation>
    </message>
</context>
<context>
    <name>Failures</name>
    <message>
        <source>{0}: {1}
Your work is saved up to the last finished stroke. You can go on; if it comes again, restart.</source>
        <translation>{0}: {1}
Ihre Arbeit ist bis zum letzten fertigen Strich gespeichert. Sie können weiterarbeiten; kommt es wieder, starten Sie neu.</translation>
    </message>
    <message>
        <source>A report lies in {0}. Nothing is sent.</source>
        <translation>Ein Bericht liegt in {0}. Nichts wird gesendet.</translation>
    </message>
    <message>
        <source>There is not enough memory</source>
        <translation>Der Arbeitsspeicher reicht nicht</translation>
    </message>
    <message>
        <source>What you asked for was not done. Close other programs, then do it again. Your work is saved up to the last finished stroke.</source>
        <translation>Was Sie wollten, wurde nicht getan. Schließen Sie andere Programme und versuchen Sie es noch einmal. Ihre Arbeit ist bis zum letzten fertigen Strich gesichert.</translation>
    </message>
    <message>
        <source>Something went wrong</source>
        <translation>Etwas ist schiefgegangen</translation>
    </message>
</context>
<context>
    <name>FlagDialog</name>
    <message>
        <source>Flag {0}</source>
        <translation>{0} markieren</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Notiz</translation>
    </message>
    <message>
        <source>e.g. is this a van or a lorry?</source>
        <translation>z. B. ist das ein Transporter oder ein Lastwagen?</translation>
    </message>
    <message>
        <source>Flag</source>
        <translation>Markieren</translation>
    </message>
    <message>
        <source>What should be looked at again?</source>
        <translation>Was soll noch einmal angesehen werden?</translation>
    </message>
</context>
<context>
    <name>GuideWindow</name>
    <message>
        <source>User guide</source>
        <translation>Handbuch</translation>
    </message>
    <message>
        <source>Search the guide</source>
        <translation>Im Handbuch suchen</translation>
    </message>
    <message>
        <source>Contents</source>
        <translation>Inhalt</translation>
    </message>
    <message>
        <source>Back ({0})</source>
        <translation>Zurück ({0})</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Nothing was found</source>
        <translation>Nichts gefunden</translation>
    </message>
</context>
<context>
    <name>HelpDesk</name>
    <message>
        <source>F1 opens the guide at this place.</source>
        <translation>F1 öffnet das Handbuch an dieser Stelle.</translation>
    </message>
    <message>
        <source>Asking which ops are in use</source>
        <translation>Fragt, welche Operationen in Gebrauch sind</translation>
    </message>
</context>
<context>
    <name>HistoryModel</name>
    <message>
        <source>as it was opened first</source>
        <translation>wie zuerst geöffnet</translation>
    </message>
</context>
<context>
    <name>HistoryPanel</name>
    <message>
        <source>History</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <source>Every change of the open image will be listed here.</source>
        <translation>Hier stehen die Änderungen des geöffneten Bildes.</translation>
    </message>
    <message>
        <source>changes: {0}</source>
        <translation>Änderungen: {0}</translation>
    </message>
</context>
<context>
    <name>ImageModel</name>
    <message>
        <source>new</source>
        <translation>neu</translation>
    </message>
    <message>
        <source>predicted</source>
        <translation>vorhergesagt</translation>
    </message>
    <message>
        <source>in progress</source>
        <translation>in Arbeit</translation>
    </message>
    <message>
        <source>accepted</source>
        <translation>angenommen</translation>
    </message>
    <message>
        <source>flagged</source>
        <translation>markiert</translation>
    </message>
    <message>
        <source>the model is {0} % sure</source>
        <translation>das Modell ist zu {0} % sicher</translation>
    </message>
</context>
<context>
    <name>ImagesPanel</name>
    <message>
        <source>Images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>Filter by name, note or status</source>
        <translation>Nach Name, Notiz oder Status filtern</translation>
    </message>
    <message>
        <source>Drop images or a folder into the window.</source>
        <translation>Legen Sie Bilder oder einen Ordner im Fenster ab.</translation>
    </message>
    <message>
        <source>as added</source>
        <translation>wie geladen</translation>
    </message>
    <message>
        <source>by name</source>
        <translation>nach Name</translation>
    </message>
    <message>
        <source>by status</source>
        <translation>nach Status</translation>
    </message>
    <message>
        <source>least certain first</source>
        <translation>unsicherste zuerst</translation>
    </message>
    <message>
        <source>Order of the images</source>
        <translation>Reihenfolge der Bilder</translation>
    </message>
    <message>
        <source>all ▾</source>
        <translation>alle ▾</translation>
    </message>
    <message>
        <source>Which images are shown</source>
        <translation>Welche Bilder gezeigt werden</translation>
    </message>
    <message>
        <source>With a category</source>
        <translation>Mit einer Kategorie</translation>
    </message>
    <message>
        <source>Show all</source>
        <translation>Alle zeigen</translation>
    </message>
    <message>
        <source>some ▾</source>
        <translation>einige ▾</translation>
    </message>
    <message>
        <source>No image fits the filter.</source>
        <translation>Kein Bild passt zum Filter.</translation>
    </message>
    <message>
        <source>{0} of {1} accepted</source>
        <translation>{0}/{1} angenommen</translation>
    </message>
    <message>
        <source>{0} shown · </source>
        <translation>{0} gezeigt · </translation>
    </message>
</context>
<context>
    <name>JobLine</name>
    <message>
        <source>Pause</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>(+{0} more)</source>
        <translation>(+{0} weitere)</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Fortsetzen</translation>
    </message>
</context>
<context>
    <name>JournalWriter</name>
    <message>
        <source>Not saved, {0} kept in memory and retried: {1}</source>
        <translation>Nicht gespeichert, {0} bleiben im Speicher und werden wieder versucht: {1}</translation>
    </message>
    <message>
        <source>Saved {0}</source>
        <translation>Gespeichert {0}</translation>
    </message>
</context>
<context>
    <name>KeyModel</name>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Menu</source>
        <translation>Menü</translation>
    </message>
    <message>
        <source>Also: {0}</source>
        <translation>Auch: {0}</translation>
    </message>
</context>
<context>
    <name>KeysPage</name>
    <message>
        <source>Keys as in</source>
        <translation>Tasten wie in</translation>
    </message>
    <message>
        <source>Seamseg Studio</source>
        <translation>Seamseg Studio</translation>
    </message>
    <message>
        <source>Search a command or a key</source>
        <translation>Befehl oder Taste suchen</translation>
    </message>
    <message>
        <source>New keys</source>
        <translation>Neue Tasten</translation>
    </message>
    <message>
        <source>Set</source>
        <translation>Setzen</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Hinzufügen</translation>
    </message>
    <message>
        <source>No key</source>
        <translation>Keine Taste</translation>
    </message>
    <message>
        <source>As in the preset</source>
        <translation>Wie in der Vorlage</translation>
    </message>
    <message>
        <source>Commands and their keys</source>
        <translation>Befehle und ihre Tasten</translation>
    </message>
    <message>
        <source>Take over</source>
        <translation>Übernehmen</translation>
    </message>
    <message>
        <source>{0} is for looking around and pointing on the canvas and cannot be given away.</source>
        <translation>{0} dient dem Umsehen und Zeigen auf dem Bild und kann nicht vergeben werden.</translation>
    </message>
    <message>
        <source>{0} belongs to: {1}. Taking it over leaves that without it.</source>
        <translation>{0} gehört zu: {1}. Wird sie übernommen, fehlt sie dort.</translation>
    </message>
    <message>
        <source>{0} is free.</source>
        <translation>{0} ist frei.</translation>
    </message>
    <message>
        <source>Keys that do nothing now, as several commands have them: {0}</source>
        <translation>Tasten ohne Wirkung, da mehrere Befehle sie haben: {0}</translation>
    </message>
    <message>
        <source>Choose a command, click into the field and press the keys. No key is in conflict.</source>
        <translation>Wählen Sie einen Befehl, klicken Sie ins Feld und drücken Sie die Tasten. Keine Taste ist im Konflikt.</translation>
    </message>
</context>
<context>
    <name>LabelFolderJob</name>
    <message>
        <source>{0} img/s</source>
        <translation>{0} Bilder/s</translation>
    </message>
    <message>
        <source>{0} s an image</source>
        <translation>{0} s je Bild</translation>
    </message>
    <message>
        <source>{0} left</source>
        <translation>noch {0}</translation>
    </message>
</context>
<context>
    <name>Labelling</name>
    <message>
        <source>Labelling</source>
        <translation>Beschriften</translation>
    </message>
    <message>
        <source>Labelling stopped</source>
        <translation>Das Beschriften hat aufgehört</translation>
    </message>
    <message>
        <source>Images that nobody has worked on get new labels in any case. Replacing can be undone by image.</source>
        <translation>Bilder, an denen niemand gearbeitet hat, werden in jedem Fall neu beschriftet. Ersetztes lässt sich je Bild zurückholen.</translation>
    </message>
    <message>
        <source>Keep what people did</source>
        <translation>Menschliche Arbeit behalten</translation>
    </message>
    <message>
        <source>Replace it</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <source>Label all images again</source>
        <translation>Alle Bilder neu beschriften</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>This image was not labelled</source>
        <translation>Dieses Bild wurde nicht beschriftet</translation>
    </message>
    <message>
        <source>You have worked on {0}, so nothing was changed. Using it is one step that can be undone.</source>
        <translation>Sie haben an {0} gearbeitet, deshalb wurde nichts geändert. Ihn zu verwenden ist ein Schritt, der sich rückgängig machen lässt.</translation>
    </message>
    <message>
        <source>The model has a new proposal</source>
        <translation>Das Modell hat einen neuen Vorschlag</translation>
    </message>
    <message>
        <source>Use the proposal</source>
        <translation>Vorschlag verwenden</translation>
    </message>
    <message>
        <source>Keep mine</source>
        <translation>Meines behalten</translation>
    </message>
    <message>
        <source>{0}: its project was closed</source>
        <translation>{0}: sein Projekt wurde geschlossen</translation>
    </message>
    <message>
        <source>Images labelled: {0}</source>
        <translation>Beschriftete Bilder: {0}</translation>
    </message>
    <message>
        <source>Labelling finished, but not for every image</source>
        <translation>Beschriften beendet, aber nicht für jedes Bild</translation>
    </message>
    <message>
        <source>not labelled: {0}</source>
        <translation>nicht beschriftet: {0}</translation>
    </message>
    <message>
        <source>Labelling finished</source>
        <translation>Beschriften beendet</translation>
    </message>
    <message>
        <source>Use the starter model</source>
        <translation>Das Startmodell verwenden</translation>
    </message>
    <message>
        <source>The engine does not work</source>
        <translation>Die Engine arbeitet nicht</translation>
    </message>
    <message>
        <source>What it labels as one of these stays unlabelled here: {0}.</source>
        <translation>Was es als eine von diesen beschriftet, bleibt hier unbeschriftet: {0}.</translation>
    </message>
    <message>
        <source>The model knows categories that this project has not</source>
        <translation>Das Modell kennt Kategorien, die dieses Projekt nicht hat</translation>
    </message>
</context>
<context>
    <name>Labels</name>
    <message>
        <source>ask the model: {0}</source>
        <translation>Modell gefragt: {0}</translation>
    </message>
    <message>
        <source>back to the prediction</source>
        <translation>zurück zur Vorhersage</translation>
    </message>
    <message>
        <source>convert to {0}</source>
        <translation>in {0} umwandeln</translation>
    </message>
    <message>
        <source>copy {0} from the image before</source>
        <translation>{0} aus dem Bild davor übernehmen</translation>
    </message>
    <message>
        <source>delete {0}</source>
        <translation>{0} löschen</translation>
    </message>
    <message>
        <source>erase</source>
        <translation>radieren</translation>
    </message>
    <message>
        <source>fill holes of {0}</source>
        <translation>Löcher von {0} füllen</translation>
    </message>
    <message>
        <source>fill with {0}</source>
        <translation>mit {0} füllen</translation>
    </message>
    <message>
        <source>grow {0}</source>
        <translation>{0} wachsen lassen</translation>
    </message>
    <message>
        <source>lock</source>
        <translation>sperren</translation>
    </message>
    <message>
        <source>mark as crowd</source>
        <translation>als Gruppe kennzeichnen</translation>
    </message>
    <message>
        <source>mark as no crowd</source>
        <translation>nicht mehr als Gruppe kennzeichnen</translation>
    </message>
    <message>
        <source>merge {0}</source>
        <translation>{0} vereinen</translation>
    </message>
    <message>
        <source>neighbours as the model sees them</source>
        <translation>Nachbarn, wie das Modell sie sieht</translation>
    </message>
    <message>
        <source>paint {0}</source>
        <translation>{0} malen</translation>
    </message>
    <message>
        <source>paste {0}</source>
        <translation>{0} einfügen</translation>
    </message>
    <message>
        <source>relabel as {0}</source>
        <translation>zu {0} machen</translation>
    </message>
    <message>
        <source>shrink {0}</source>
        <translation>{0} schrumpfen lassen</translation>
    </message>
    <message>
        <source>smooth {0}</source>
        <translation>{0} glätten</translation>
    </message>
    <message>
        <source>split {0} into parts</source>
        <translation>{0} in Teile zerlegen</translation>
    </message>
    <message>
        <source>split {0}</source>
        <translation>{0} teilen</translation>
    </message>
    <message>
        <source>unlock</source>
        <translation>entsperren</translation>
    </message>
    <message>
        <source>{0}: add {1}</source>
        <translation>{0}: {1} erweitern</translation>
    </message>
    <message>
        <source>{0}: new {1}</source>
        <translation>{0}: neu {1}</translation>
    </message>
    <message>
        <source>{0}: replace {1}</source>
        <translation>{0}: {1} ersetzen</translation>
    </message>
    <message>
        <source>{0}: subtract {1}</source>
        <translation>{0}: von {1} abziehen</translation>
    </message>
    <message>
        <source>{0}: subtract</source>
        <translation>{0}: abziehen</translation>
    </message>
</context>
<context>
    <name>LoadModelDialog</name>
    <message>
        <source>Load a model</source>
        <translation>Modell laden</translation>
    </message>
    <message>
        <source>Models of this machine</source>
        <translation>Modelle auf diesem Rechner</translation>
    </message>
    <message>
        <source>The starter, which came with the program</source>
        <translation>Das Startmodell, das mit dem Programm kam</translation>
    </message>
    <message>
        <source>{0}, trained in this project</source>
        <translation>{0}, in diesem Projekt trainiert</translation>
    </message>
    <message>
        <source>Models that “seamseg-models import” takes in are listed here, too.</source>
        <translation>Auch Modelle, die „seamseg-models import“ aufnimmt, stehen hier.</translation>
    </message>
    <message>
        <source>From a folder…</source>
        <translation>Aus einem Ordner…</translation>
    </message>
    <message>
        <source>From a .zip file…</source>
        <translation>Aus einer .zip-Datei…</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>Laden</translation>
    </message>
    <message>
        <source>{0} (in use)</source>
        <translation>{0} (in Gebrauch)</translation>
    </message>
    <message>
        <source>Choose a model (a folder)</source>
        <translation>Ein Modell wählen (einen Ordner)</translation>
    </message>
    <message>
        <source>Choose a model (a .zip file)</source>
        <translation>Ein Modell wählen (eine .zip-Datei)</translation>
    </message>
    <message>
        <source>Models (*.zip)</source>
        <translation>Modelle (*.zip)</translation>
    </message>
</context>
<context>
    <name>LogPanel</name>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Nothing has happened yet.</source>
        <translation>Noch ist nichts geschehen.</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>Leeren</translation>
    </message>
    <message>
        <source>warning: </source>
        <translation>Warnung: </translation>
    </message>
    <message>
        <source>error: </source>
        <translation>Fehler: </translation>
    </message>
</context>
<context>
    <name>LookPage</name>
    <message>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>High contrast</source>
        <translation>Hoher Kontrast</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Farbschema</translation>
    </message>
    <message>
        <source>Size of text</source>
        <translation>Schriftgröße</translation>
    </message>
    <message>
        <source>Colours of categories</source>
        <translation>Farben der Kategorien</translation>
    </message>
    <message>
        <source>The project&apos;s own</source>
        <translation>Die des Projekts</translation>
    </message>
    <message>
        <source>For colour-blind eyes: Okabe and Ito</source>
        <translation>Für Farbenfehlsichtige: Okabe und Ito</translation>
    </message>
    <message>
        <source>For colour-blind eyes: Tol, muted</source>
        <translation>Für Farbenfehlsichtige: Tol, gedämpft</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Another language is spoken from the next start.</source>
        <translation>Eine andere Sprache gilt ab dem nächsten Start.</translation>
    </message>
</context>
<context>
    <name>LossCurve</name>
    <message>
        <source>Loss curve</source>
        <translation>Verlustkurve</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>Verlust</translation>
    </message>
    <message>
        <source>Loss {0} after {1} steps</source>
        <translation>Verlust {0} nach {1} Schritten</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Seamseg Studio</source>
        <translation>Seamseg Studio</translation>
    </message>
    <message>
        <source>Accept</source>
        <translation>Annehmen</translation>
    </message>
    <message>
        <source>&amp;Panels</source>
        <translation>&amp;Felder</translation>
    </message>
    <message>
        <source>Open &amp;recent</source>
        <translation>&amp;Zuletzt geöffnet</translation>
    </message>
    <message>
        <source>nothing opened yet</source>
        <translation>noch nichts geöffnet</translation>
    </message>
    <message>
        <source>saves by itself</source>
        <translation>speichert von selbst</translation>
    </message>
</context>
<context>
    <name>NavigatorPanel</name>
    <message>
        <source>Navigator</source>
        <translation>Navigator</translation>
    </message>
</context>
<context>
    <name>Neighbours</name>
    <message>
        <source>Around it the model would now say: {0} · Enter takes it, Esc not</source>
        <translation>Ringsum würde das Modell nun sagen: {0} · Enter übernimmt es, Esc nicht</translation>
    </message>
</context>
<context>
    <name>OptionBar</name>
    <message>
        <source>Tool options</source>
        <translation>Werkzeugoptionen</translation>
    </message>
    <message>
        <source>hold Space to pan · wheel to zoom · hold H to peek</source>
        <translation>Leertaste halten zum Verschieben · Rad zum Zoomen · H halten für das Bild</translation>
    </message>
    <message>
        <source>Further options</source>
        <translation>Weitere Optionen</translation>
    </message>
</context>
<context>
    <name>Page</name>
    <message>
        <source>Page of the guide</source>
        <translation>Seite des Handbuchs</translation>
    </message>
    <message>
        <source>This page is missing; install the program again.</source>
        <translation>Diese Seite fehlt; installieren Sie das Programm erneut.</translation>
    </message>
</context>
<context>
    <name>PreferencesDialog</name>
    <message>
        <source>Preferences</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>Seiten</translation>
    </message>
    <message>
        <source>Look</source>
        <translation>Aussehen</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Engine</translation>
    </message>
    <message>
        <source>New projects</source>
        <translation>Neue Projekte</translation>
    </message>
    <message>
        <source>Take back</source>
        <translation>Zurücknehmen</translation>
    </message>
    <message>
        <source>Reset all</source>
        <translation>Alles zurücksetzen</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>Importieren…</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Imported from {0}.</source>
        <translation>Aus {0} importiert.</translation>
    </message>
    <message>
        <source>Written to {0}.</source>
        <translation>Geschrieben nach {0}.</translation>
    </message>
    <message>
        <source>Everything is as it was at first.</source>
        <translation>Alles ist wie am Anfang.</translation>
    </message>
    <message>
        <source>Preferences ({0})</source>
        <translation>Einstellungen ({0})</translation>
    </message>
    <message>
        <source>Import preferences</source>
        <translation>Einstellungen importieren</translation>
    </message>
    <message>
        <source>Export preferences</source>
        <translation>Einstellungen exportieren</translation>
    </message>
</context>
<context>
    <name>ProjectPage</name>
    <message>
        <source>Categories of new projects</source>
        <translation>Kategorien neuer Projekte</translation>
    </message>
    <message>
        <source>those of the model</source>
        <translation>die des Modells</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Wählen…</translation>
    </message>
    <message>
        <source>Export format</source>
        <translation>Exportformat</translation>
    </message>
    <message>
        <source>Categories</source>
        <translation>Kategorien</translation>
    </message>
    <message>
        <source>Taxonomies ({0})</source>
        <translation>Taxonomien ({0})</translation>
    </message>
    <message>
        <source>The categories of the model in use, so that it can label at once.</source>
        <translation>Die Kategorien des verwendeten Modells, damit es sofort beschriften kann.</translation>
    </message>
    <message>
        <source>{0}: {1} stuff, {2} things.</source>
        <translation>{0}: {1} Stoffe, {2} Dinge.</translation>
    </message>
    <message>
        <source>Not used: {0}</source>
        <translation>Nicht verwendet: {0}</translation>
    </message>
</context>
<context>
    <name>PropertiesPanel</name>
    <message>
        <source>Properties</source>
        <translation>Eigenschaften</translation>
    </message>
    <message>
        <source>the model</source>
        <translation>das Modell</translation>
    </message>
    <message>
        <source>you</source>
        <translation>Sie</translation>
    </message>
    <message>
        <source>a file</source>
        <translation>eine Datei</translation>
    </message>
    <message>
        <source>Maker</source>
        <translation>Hersteller</translation>
    </message>
    <message>
        <source>Camera</source>
        <translation>Kamera</translation>
    </message>
    <message>
        <source>Taken</source>
        <translation>Aufgenommen</translation>
    </message>
    <message>
        <source>Exposure, s</source>
        <translation>Belichtung, s</translation>
    </message>
    <message>
        <source>Aperture</source>
        <translation>Blende</translation>
    </message>
    <message>
        <source>ISO</source>
        <translation>ISO</translation>
    </message>
    <message>
        <source>Focal length, mm</source>
        <translation>Brennweite, mm</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>Selection</source>
        <translation>Auswahl</translation>
    </message>
    <message>
        <source>No image is open.</source>
        <translation>Kein Bild ist geöffnet.</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Segments</source>
        <translation>Segmente</translation>
    </message>
    <message>
        <source>Changes by people</source>
        <translation>Änderungen von Menschen</translation>
    </message>
    <message>
        <source>Time worked</source>
        <translation>Arbeitszeit</translation>
    </message>
    <message>
        <source>The model is sure</source>
        <translation>Das Modell ist sicher</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Notiz</translation>
    </message>
    <message>
        <source>Area</source>
        <translation>Fläche</translation>
    </message>
    <message>
        <source>{0} pixels ({1})</source>
        <translation>{0} Pixel ({1})</translation>
    </message>
    <message>
        <source>Categories</source>
        <translation>Kategorien</translation>
    </message>
    <message>
        <source>thing</source>
        <translation>Ding</translation>
    </message>
    <message>
        <source>stuff</source>
        <translation>Stoff</translation>
    </message>
    <message>
        <source>Category</source>
        <translation>Kategorie</translation>
    </message>
    <message>
        <source>Place</source>
        <translation>Ort</translation>
    </message>
    <message>
        <source>Said by</source>
        <translation>Gesagt von</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>Punktzahl</translation>
    </message>
    <message>
        <source>crowd</source>
        <translation>Gruppe</translation>
    </message>
    <message>
        <source>locked</source>
        <translation>gesperrt</translation>
    </message>
    <message>
        <source>Marks</source>
        <translation>Merkmale</translation>
    </message>
</context>
<context>
    <name>QualityCurve</name>
    <message>
        <source>Quality curve</source>
        <translation>Qualitätskurve</translation>
    </message>
    <message>
        <source>PQ on what was held back</source>
        <translation>PQ auf dem Zurückgehaltenen</translation>
    </message>
    <message>
        <source>PQ {0} after {1} steps</source>
        <translation>PQ {0} nach {1} Schritten</translation>
    </message>
</context>
<context>
    <name>QueueModel</name>
    <message>
        <source>{0}: the two models differ on {1}</source>
        <translation>{0}: die beiden Modelle weichen auf {1} voneinander ab</translation>
    </message>
    <message>
        <source>{0}: the model is {1} unsure</source>
        <translation>{0}: das Modell ist zu {1} unsicher</translation>
    </message>
</context>
<context>
    <name>QueuePanel</name>
    <message>
        <source>Queue</source>
        <translation>Warteschlange</translation>
    </message>
    <message>
        <source>places</source>
        <translation>Stellen</translation>
    </message>
    <message>
        <source>segments</source>
        <translation>Segmente</translation>
    </message>
    <message>
        <source>borders</source>
        <translation>Grenzen</translation>
    </message>
    <message>
        <source>images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>What is listed</source>
        <translation>Was aufgelistet wird</translation>
    </message>
    <message>
        <source>unlabelled</source>
        <translation>unbeschriftet</translation>
    </message>
    <message>
        <source>Nothing is left here that the model is unsure of.</source>
        <translation>Hier ist nichts mehr, dessen sich das Modell unsicher ist.</translation>
    </message>
    <message>
        <source>Every image that two models have labelled is accepted.</source>
        <translation>Jedes Bild, das zwei Modelle beschriftet haben, ist angenommen.</translation>
    </message>
    <message>
        <source>Label images with a second model to see where the two differ.</source>
        <translation>Lassen Sie ein zweites Modell Bilder beschriften, um zu sehen, wo die beiden voneinander abweichen.</translation>
    </message>
    <message>
        <source>Every image that the model has labelled is accepted.</source>
        <translation>Jedes Bild, das das Modell beschriftet hat, ist angenommen.</translation>
    </message>
    <message>
        <source>Let the model label images to see of which it is unsure.</source>
        <translation>Lassen Sie das Modell Bilder beschriften, um zu sehen, bei welchen es unsicher ist.</translation>
    </message>
    <message>
        <source>Open an image to see where the model is unsure of it.</source>
        <translation>Öffnen Sie ein Bild, um zu sehen, wo das Modell unsicher ist.</translation>
    </message>
    <message>
        <source>Let the model label this image to see where it is unsure.</source>
        <translation>Lassen Sie das Modell dieses Bild beschriften, um zu sehen, wo es unsicher ist.</translation>
    </message>
</context>
<context>
    <name>Remedies</name>
    <message>
        <source>choose another device in Preferences &gt; Engine &gt; Device</source>
        <translation>wählen Sie ein anderes Gerät unter Einstellungen &gt; Engine &gt; Gerät</translation>
    </message>
    <message>
        <source>choose another in Preferences &gt; Engine &gt; Precision</source>
        <translation>wählen Sie eine andere unter Einstellungen &gt; Engine &gt; Genauigkeit</translation>
    </message>
</context>
<context>
    <name>Repairs</name>
    <message>
        <source>Recover what can be read</source>
        <translation>Retten, was lesbar ist</translation>
    </message>
    <message>
        <source>The project is damaged</source>
        <translation>Das Projekt ist beschädigt</translation>
    </message>
    <message>
        <source>Open what can be read</source>
        <translation>Öffnen, was lesbar ist</translation>
    </message>
    <message>
        <source>The labels are damaged</source>
        <translation>Die Beschriftung ist beschädigt</translation>
    </message>
    <message>
        <source>Images: {0}. Changes that can be undone: {1}.</source>
        <translation>Bilder: {0}. Änderungen, die rückgängig gemacht werden können: {1}.</translation>
    </message>
    <message>
        <source>{0}: the labels are back, their history is not</source>
        <translation>{0}: Die Beschriftung ist wieder da, ihr Verlauf nicht</translation>
    </message>
    <message>
        <source>{0}: lost: {1}</source>
        <translation>{0}: verloren: {1}</translation>
    </message>
    <message>
        <source>… and {0} more</source>
        <translation>… und {0} weitere</translation>
    </message>
    <message>
        <source>Every image that was found opens with its history.</source>
        <translation>Jedes gefundene Bild öffnet sich mit seinem Verlauf.</translation>
    </message>
    <message>
        <source>The categories could not be read; those of the bundled model took their place.</source>
        <translation>Die Kategorien waren nicht lesbar; an ihre Stelle traten die des mitgelieferten Modells.</translation>
    </message>
    <message>
        <source>What was damaged is kept in {0}.</source>
        <translation>Was beschädigt war, ist aufgehoben in {0}.</translation>
    </message>
    <message>
        <source>{0} was recovered</source>
        <translation>{0} wurde gerettet</translation>
    </message>
    <message>
        <source>Changes of open images cannot be saved in it. Quit the studio, then open it again.</source>
        <translation>Änderungen an offenen Bildern können darin nicht gespeichert werden. Beenden Sie das Studio und öffnen Sie es dann erneut.</translation>
    </message>
    <message>
        <source>Could not open the image</source>
        <translation>Das Bild konnte nicht geöffnet werden</translation>
    </message>
    <message>
        <source>{0} was opened as far as it can be read</source>
        <translation>{0} wurde geöffnet, soweit es lesbar ist</translation>
    </message>
    <message>
        <source>Lost ({0}): {1}. A copy of the project as it was is in its folder &apos;backups&apos;.</source>
        <translation>Verloren ({0}): {1}. Eine Kopie der Daten, wie sie waren, liegt im Ordner „backups“ des Projekts.</translation>
    </message>
    <message>
        <source>No change was lost.</source>
        <translation>Keine Änderung ging verloren.</translation>
    </message>
</context>
<context>
    <name>Review</name>
    <message>
        <source>Every other image that the model has labelled is accepted.</source>
        <translation>Jedes andere vom Modell beschriftete Bild ist angenommen.</translation>
    </message>
    <message>
        <source>No image is left to review</source>
        <translation>Kein Bild ist mehr zu prüfen</translation>
    </message>
</context>
<context>
    <name>SegmentModel</name>
    <message>
        <source>model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>you</source>
        <translation>Sie</translation>
    </message>
    <message>
        <source>file</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>by the model</source>
        <translation>vom Modell</translation>
    </message>
    <message>
        <source>by you</source>
        <translation>von Ihnen</translation>
    </message>
    <message>
        <source>from a file</source>
        <translation>aus einer Datei</translation>
    </message>
    <message>
        <source>crowds</source>
        <translation>Gruppen</translation>
    </message>
    <message>
        <source>single and free to change</source>
        <translation>einzeln und änderbar</translation>
    </message>
    <message>
        <source>score {0}</source>
        <translation>Punktzahl {0}</translation>
    </message>
    <message>
        <source>crowd</source>
        <translation>Gruppe</translation>
    </message>
    <message>
        <source>locked</source>
        <translation>gesperrt</translation>
    </message>
    <message>
        <source>hidden</source>
        <translation>ausgeblendet</translation>
    </message>
</context>
<context>
    <name>SegmentsPanel</name>
    <message>
        <source>Segments</source>
        <translation>Segmente</translation>
    </message>
    <message>
        <source>The segments of the open image will be listed here.</source>
        <translation>Hier stehen die Segmente des geöffneten Bildes.</translation>
    </message>
    <message>
        <source>Order of the segments</source>
        <translation>Reihenfolge der Segmente</translation>
    </message>
    <message>
        <source>largest first</source>
        <translation>größte zuerst</translation>
    </message>
    <message>
        <source>by category</source>
        <translation>nach Kategorie</translation>
    </message>
    <message>
        <source>least certain first</source>
        <translation>unsicherste zuerst</translation>
    </message>
    <message>
        <source>no headings</source>
        <translation>keine Überschriften</translation>
    </message>
    <message>
        <source>under categories</source>
        <translation>unter Kategorien</translation>
    </message>
    <message>
        <source>under who said so</source>
        <translation>unter dem, der es sagt</translation>
    </message>
    <message>
        <source>under locked, crowds, others</source>
        <translation>unter gesperrt, Gruppen, übrige</translation>
    </message>
</context>
<context>
    <name>Sentences</name>
    <message>
        <source>open this image in the studio and choose &apos;Open what can be read&apos;</source>
        <translation>öffnen Sie dieses Bild und wählen Sie „Öffnen, was lesbar ist“</translation>
    </message>
    <message>
        <source>Nothing changed there: it is so already, is locked, or lies outside what may be painted over and the work area.</source>
        <translation>Dort hat sich nichts geändert: Es ist schon so, ist gesperrt oder liegt außerhalb dessen, was übermalt werden darf, oder des Arbeitsbereichs.</translation>
    </message>
    <message>
        <source>This project is open in another window, so nothing can be changed here; close the other window first.</source>
        <translation>Dieses Projekt ist in einem anderen Fenster geöffnet, daher kann hier nichts geändert werden; schließen Sie erst das andere Fenster.</translation>
    </message>
    <message>
        <source>all {0} images belong to one {1}, so none can be kept for validation without leaking; group them in another way, or keep none</source>
        <translation>alle {0} Bilder gehören zu einer Gruppe ({1}), daher kann keines zur Validierung zurückgehalten werden; gruppieren Sie anders, oder halten Sie keines zurück</translation>
    </message>
    <message>
        <source>category {0} is no thing; choose a countable one</source>
        <translation>Die Kategorie {0} ist kein Ding; wählen Sie eine zählbare</translation>
    </message>
    <message>
        <source>category {0} is protected; lift its protection first</source>
        <translation>Die Kategorie {0} ist gesperrt; heben Sie die Sperre erst auf</translation>
    </message>
    <message>
        <source>category {0} of the copy is not in the taxonomy of this project</source>
        <translation>Die Kategorie {0} der Kopie gibt es in diesem Projekt nicht</translation>
    </message>
    <message>
        <source>device {0} is not available: {1}; {2}</source>
        <translation>Das Gerät {0} ist nicht verfügbar: {1}; {2}</translation>
    </message>
    <message>
        <source>device {0} is not supported: {1}</source>
        <translation>Das Gerät {0} wird nicht unterstützt: {1}</translation>
    </message>
    <message>
        <source>draw a line right across the segment to split it</source>
        <translation>Ziehen Sie eine Linie ganz über das Segment, um es zu teilen</translation>
    </message>
    <message>
        <source>labels of {0} do not fit an image of {1}</source>
        <translation>Beschriftungen von {0} passen nicht zu einem Bild von {1}</translation>
    </message>
    <message>
        <source>merging needs at least two segments; select more</source>
        <translation>Zum Vereinen braucht es mindestens zwei Segmente; wählen Sie weitere aus</translation>
    </message>
    <message>
        <source>not enough memory for {0} x {1} pixels; close other programs or crop the image</source>
        <translation>Nicht genug Speicher für {0} x {1} Pixel; schließen Sie andere Programme, oder beschneiden Sie das Bild</translation>
    </message>
    <message>
        <source>not enough memory to answer; close other programs</source>
        <translation>Nicht genug Speicher für die Antwort; schließen Sie andere Programme</translation>
    </message>
    <message>
        <source>precision fp16 needs a GPU: {0}</source>
        <translation>Die Genauigkeit fp16 braucht eine GPU: {0}</translation>
    </message>
    <message>
        <source>scribble on at least two parts of the segment to split it</source>
        <translation>Kritzeln Sie auf mindestens zwei Teile des Segments, um es zu teilen</translation>
    </message>
    <message>
        <source>segment {0} is locked; unlock it first</source>
        <translation>Das Segment {0} ist gesperrt; entsperren Sie es erst</translation>
    </message>
    <message>
        <source>segment {0} lies outside the region that may change; lift the region first</source>
        <translation>Das Segment {0} liegt außerhalb des Arbeitsbereichs; heben Sie ihn erst auf</translation>
    </message>
    <message>
        <source>segment {0} may not change while only {1} may; make everything editable first</source>
        <translation>Das Segment {0} darf sich nicht ändern, solange nur {1} übermalt werden darf; wählen Sie erst „Alles“</translation>
    </message>
    <message>
        <source>select the segment that the region belongs to first</source>
        <translation>Wählen Sie erst das Segment aus, zu dem das Gebiet gehört</translation>
    </message>
    <message>
        <source>the change of the categories was cancelled; nothing has changed</source>
        <translation>Die Änderung der Kategorien wurde abgebrochen; nichts hat sich geändert</translation>
    </message>
    <message>
        <source>the engine and the program do not understand each other: {0}</source>
        <translation>Engine und Programm verstehen einander nicht: {0}</translation>
    </message>
    <message>
        <source>the engine cannot load {0}: {1}</source>
        <translation>Die Engine kann {0} nicht laden: {1}</translation>
    </message>
    <message>
        <source>the engine could not be started ({0}); close other programs</source>
        <translation>Die Engine konnte nicht gestartet werden ({0}); schließen Sie andere Programme</translation>
    </message>
    <message>
        <source>the engine ended while it was starting</source>
        <translation>Die Engine endete beim Starten</translation>
    </message>
    <message>
        <source>the engine is of another version than this program; install Seamseg Studio again</source>
        <translation>Die Engine hat eine andere Version als dieses Programm; installieren Sie Seamseg Studio neu</translation>
    </message>
    <message>
        <source>the engine sent pixels without their memory; restart the program</source>
        <translation>Die Engine sandte Pixel ohne ihren Speicher; starten Sie das Programm neu</translation>
    </message>
    <message>
        <source>the line does not cut the segment in two; draw it right across</source>
        <translation>Die Linie zerschneidet das Segment nicht; ziehen Sie sie ganz hinüber</translation>
    </message>
    <message>
        <source>the model {0} could not be loaded: {1}</source>
        <translation>Das Modell {0} konnte nicht geladen werden: {1}</translation>
    </message>
    <message>
        <source>the polygon covers no pixel of the image; draw at least three corners on it</source>
        <translation>Das Polygon enthält kein Pixel des Bildes; setzen Sie mindestens drei Ecken darauf</translation>
    </message>
    <message>
        <source>the region covers no pixel of the image; draw it on the image</source>
        <translation>Das Gebiet enthält kein Pixel des Bildes; zeichnen Sie es auf das Bild</translation>
    </message>
    <message>
        <source>the scores show a single part in this segment; split it by a line instead</source>
        <translation>Die Werte zeigen in diesem Segment nur einen Teil; teilen Sie es stattdessen durch eine Linie</translation>
    </message>
    <message>
        <source>the segment of {0} is locked; unlock it before others join it</source>
        <translation>Das Segment von {0} ist gesperrt; entsperren Sie es, bevor andere dazukommen</translation>
    </message>
    <message>
        <source>there is no segment {0} any more</source>
        <translation>Das Segment {0} gibt es nicht mehr</translation>
    </message>
    <message>
        <source>there is nothing to paste inside this image; copy a segment that lies within its size</source>
        <translation>In diesem Bild gibt es nichts einzufügen; kopieren Sie ein Segment, das in seine Größe passt</translation>
    </message>
    <message>
        <source>this image has {0} segments already and takes no more; delete or merge some first</source>
        <translation>Dieses Bild hat schon {0} Segmente und nimmt keine weiteren; löschen oder vereinen Sie erst einige</translation>
    </message>
    <message>
        <source>{0} is stuff and stays one segment; convert it to instances to split it</source>
        <translation>{0} ist Stoff und bleibt ein Segment; wandeln Sie es in Instanzen um, um es zu teilen</translation>
    </message>
    <message>
        <source>{0}: a text in it cannot be used ({1}); get the model again</source>
        <translation>{0}: ein Text darin ist nicht brauchbar ({1}); holen Sie das Modell noch einmal</translation>
    </message>
    <message>
        <source>{0}: another studio has changed its categories; open the project anew</source>
        <translation>{0}: ein anderes Studio hat die Kategorien geändert; öffnen Sie das Projekt neu</translation>
    </message>
    <message>
        <source>{0}: another studio makes a project here, or it cannot be written; choose another</source>
        <translation>{0}: ein anderes Studio legt hier ein Projekt an, oder es kann nicht geschrieben werden; wählen Sie einen anderen Ort</translation>
    </message>
    <message>
        <source>{0}: cannot be read ({1}); check the disk</source>
        <translation>{0}: kann nicht gelesen werden ({1}); prüfen Sie den Datenträger</translation>
    </message>
    <message>
        <source>{0}: could not be saved ({1}); make space or allow writing there, then save again</source>
        <translation>{0}: konnte nicht gespeichert werden ({1}); schaffen Sie Platz oder erlauben Sie dort das Schreiben</translation>
    </message>
    <message>
        <source>{0}: damaged or cut off ({1}); get the file again from its source</source>
        <translation>{0}: beschädigt oder abgeschnitten ({1}); holen Sie die Datei noch einmal von ihrer Quelle</translation>
    </message>
    <message>
        <source>{0}: has format version {1}, this program reads {2}; update the program</source>
        <translation>{0}: hat die Formatversion {1}, dieses Programm liest {2}; aktualisieren Sie das Programm</translation>
    </message>
    <message>
        <source>{0}: has no corrected or accepted images; correct or accept one first</source>
        <translation>{0}: hat keine korrigierten oder angenommenen Bilder; korrigieren oder nehmen Sie erst eines an</translation>
    </message>
    <message>
        <source>{0}: is a folder, not an image; name a file in it</source>
        <translation>{0}: ist ein Ordner, kein Bild; nennen Sie eine Datei darin</translation>
    </message>
    <message>
        <source>{0}: a change was not saved because it was made for other labels ({1}); open the image anew</source>
        <translation>{0}: eine Änderung wurde nicht gespeichert, weil sie zu einer anderen Beschriftung gehört ({1}); öffnen Sie das Bild neu</translation>
    </message>
    <message>
        <source>{0}: is damaged ({1}); {2}</source>
        <translation>{0}: ist beschädigt ({1}); {2}</translation>
    </message>
    <message>
        <source>{0}: is no model bundle, as it has no {1}; import it or name another</source>
        <translation>{0}: ist kein Modell, denn {1} fehlt; importieren Sie es, oder nennen Sie ein anderes</translation>
    </message>
    <message>
        <source>{0}: is not empty; choose another place for the new project</source>
        <translation>{0}: ist nicht leer; wählen Sie einen anderen Ort für das neue Projekt</translation>
    </message>
    <message>
        <source>{0}: is of an older format; open it once where it can be written</source>
        <translation>{0}: hat ein älteres Format; öffnen Sie es einmal dort, wo es geschrieben werden kann</translation>
    </message>
    <message>
        <source>{0}: is open in a studio or cannot be written; close it there, or allow writing in it</source>
        <translation>{0}: ist in einem Studio geöffnet oder kann nicht geschrieben werden; schließen Sie es dort, oder erlauben Sie das Schreiben</translation>
    </message>
    <message>
        <source>{0}: is {1} x {2} pixels now, the picture that was labelled was {3} x {4}; put the former file back</source>
        <translation>{0}: hat jetzt {1} x {2} Pixel, das beschriftete Bild hatte {3} x {4}; legen Sie die frühere Datei zurück</translation>
    </message>
    <message>
        <source>{0}: its categories changed while the model was at work; label the image again</source>
        <translation>{0}: die Kategorien änderten sich, während das Modell arbeitete; beschriften Sie das Bild noch einmal</translation>
    </message>
    <message>
        <source>{0}: its {1} is damaged; get the model again from its source</source>
        <translation>{0}: {1} ist beschädigt; holen Sie das Modell noch einmal von seiner Quelle</translation>
    </message>
    <message>
        <source>{0}: labels of {1} images may show {2}, new since the change; relabel those segments first</source>
        <translation>{0}: Beschriftungen von {1} Bildern zeigen vielleicht {2}, neu seit der Änderung; ändern Sie erst diese Segmente</translation>
    </message>
    <message>
        <source>{0}: labels of {1} x {2} pixels do not fit an image of {3} x {4}; if its file was replaced, put the former one back</source>
        <translation>{0}: Beschriftungen von {1} x {2} Pixeln passen nicht zu einem Bild von {3} x {4}; wurde die Datei ersetzt, legen Sie die frühere zurück</translation>
    </message>
    <message>
        <source>{0}: may not be read; change its permissions</source>
        <translation>{0}: darf nicht gelesen werden; ändern Sie die Rechte</translation>
    </message>
    <message>
        <source>{0}: neither the database, nor a backup, nor a label file could be read, so it was left as it is; put a copy of it back, or rename it and open the photos again to begin anew</source>
        <translation>{0}: weder die Datenbank noch eine Sicherung noch eine Beschriftungsdatei war lesbar, daher blieb es, wie es ist; legen Sie eine Kopie zurück, oder benennen Sie es um und öffnen Sie die Fotos neu</translation>
    </message>
    <message>
        <source>{0}: no images found; looked for {1}</source>
        <translation>{0}: keine Bilder gefunden; gesucht wurde nach {1}</translation>
    </message>
    <message>
        <source>{0}: no such file, nor a model of that name; there are: {1}</source>
        <translation>{0}: weder eine Datei noch ein Modell dieses Namens; es gibt: {1}</translation>
    </message>
    <message>
        <source>{0}: no such file; check the name</source>
        <translation>{0}: diese Datei gibt es nicht; prüfen Sie den Namen</translation>
    </message>
    <message>
        <source>{0}: not a JPEG, PNG, BMP, TIFF or WebP image; convert it or leave it out</source>
        <translation>{0}: kein Bild in JPEG, PNG, BMP, TIFF oder WebP; wandeln Sie es um, oder lassen Sie es weg</translation>
    </message>
    <message>
        <source>{0}: the bundled model is missing; reinstall the program or name a model</source>
        <translation>{0}: das mitgelieferte Modell fehlt; installieren Sie das Programm neu, oder nennen Sie ein Modell</translation>
    </message>
    <message>
        <source>{0}: the file is empty; get it again from its source</source>
        <translation>{0}: die Datei ist leer; holen Sie sie noch einmal von ihrer Quelle</translation>
    </message>
    <message>
        <source>{0}: the hash of {1} is wrong; get the model again from its source</source>
        <translation>{0}: die Prüfsumme von {1} ist falsch; holen Sie das Modell noch einmal von seiner Quelle</translation>
    </message>
    <message>
        <source>{0}: there is no change of the categories to take back</source>
        <translation>{0}: es gibt keine Änderung der Kategorien, die zurückzunehmen wäre</translation>
    </message>
    <message>
        <source>{0}: there is no project here; choose a folder that holds {1}</source>
        <translation>{0}: hier ist kein Projekt; wählen Sie einen Ordner, der {1} enthält</translation>
    </message>
    <message>
        <source>{0}: this project is open read-only; close the other studio that has it, or allow writing in it</source>
        <translation>{0}: dieses Projekt ist nur zum Lesen geöffnet; schließen Sie das andere Studio, oder erlauben Sie das Schreiben</translation>
    </message>
    <message>
        <source>{0}: this step shows {1}, which is no category of the project any more; take the change of the categories back to go on</source>
        <translation>{0}: dieser Schritt zeigt {1}, das keine Kategorie des Projekts mehr ist; nehmen Sie die Änderung der Kategorien zurück</translation>
    </message>
    <message>
        <source>{0}: too large for the memory of this machine; use a smaller image</source>
        <translation>{0}: zu groß für den Speicher dieses Rechners; nehmen Sie ein kleineres Bild</translation>
    </message>
    <message>
        <source>{0}: was made by a newer version of this program (format {1}, this one knows {2}); update the program to open it</source>
        <translation>{0}: stammt von einer neueren Version dieses Programms (Format {1}, dieses kennt {2}); aktualisieren Sie das Programm</translation>
    </message>
    <message>
        <source>{0}: was written by a newer version of this program; update the program</source>
        <translation>{0}: wurde von einer neueren Version dieses Programms geschrieben; aktualisieren Sie das Programm</translation>
    </message>
    <message>
        <source>{0}: {1} has changed since it was checked; load the model again</source>
        <translation>{0}: {1} hat sich seit der Prüfung geändert; laden Sie das Modell noch einmal</translation>
    </message>
    <message>
        <source>{0}: {1} is damaged ({2}); get the model again from its source</source>
        <translation>{0}: {1} ist beschädigt ({2}); holen Sie das Modell noch einmal von seiner Quelle</translation>
    </message>
    <message>
        <source>{0}: {1} x {2} pixels are more than the limit of {3}; if the file can be trusted, raise max_pixels</source>
        <translation>{0}: {1} x {2} Pixel sind mehr als die Grenze von {3}</translation>
    </message>
</context>
<context>
    <name>Session</name>
    <message>
        <source>Not found</source>
        <translation>Nicht gefunden</translation>
    </message>
    <message>
        <source>{0}: no such file or folder.</source>
        <translation>{0}: Datei oder Ordner nicht vorhanden.</translation>
    </message>
    <message>
        <source>Opening {0}</source>
        <translation>{0} wird geöffnet</translation>
    </message>
    <message>
        <source>Opening images</source>
        <translation>Bilder werden geöffnet</translation>
    </message>
    <message>
        <source>Recovering {0}</source>
        <translation>{0} wird gerettet</translation>
    </message>
    <message>
        <source>All images are accepted</source>
        <translation>Alle Bilder sind angenommen</translation>
    </message>
    <message>
        <source>Export them, or train the model on them.</source>
        <translation>Exportieren Sie sie, oder trainieren Sie das Modell damit.</translation>
    </message>
    <message>
        <source>Could not open</source>
        <translation>Konnte nicht öffnen</translation>
    </message>
    <message>
        <source>The categories of your preferences were not used</source>
        <translation>Die Kategorien Ihrer Einstellungen wurden nicht verwendet</translation>
    </message>
    <message>
        <source>{0} keeps the labels. The photos stay where they are and are never changed.</source>
        <translation>{0} bewahrt die Beschriftungen auf. Die Fotos bleiben, wo sie sind, und werden nie verändert.</translation>
    </message>
    <message>
        <source>A new project was made</source>
        <translation>Ein neues Projekt wurde angelegt</translation>
    </message>
    <message>
        <source>Another studio has this project open. You can look, but changes are not possible here.</source>
        <translation>Ein anderes Studio hat dieses Projekt geöffnet. Sie können es ansehen, aber hier nichts ändern.</translation>
    </message>
    <message>
        <source>Opened for reading only</source>
        <translation>Nur zum Lesen geöffnet</translation>
    </message>
    <message>
        <source>Nothing was added</source>
        <translation>Nichts wurde hinzugefügt</translation>
    </message>
    <message>
        <source>Images that could not be added: {0}</source>
        <translation>Bilder, die nicht hinzugefügt werden konnten: {0}</translation>
    </message>
    <message>
        <source>Could not open the image</source>
        <translation>Das Bild konnte nicht geöffnet werden</translation>
    </message>
    <message>
        <source>The status was not saved</source>
        <translation>Der Status wurde nicht gespeichert</translation>
    </message>
</context>
<context>
    <name>StartPage</name>
    <message>
        <source>Start</source>
        <translation>Start</translation>
    </message>
    <message>
        <source>Label every pixel</source>
        <translation>Jedes Pixel beschriften</translation>
    </message>
    <message>
        <source>Drop a folder of images here. The model labels them, you correct it, it learns from you.</source>
        <translation>Ziehen Sie einen Ordner mit Bildern hierher. Das Modell beschriftet sie, Sie korrigieren, es lernt von Ihnen.</translation>
    </message>
    <message>
        <source>Open a folder…</source>
        <translation>Einen Ordner öffnen…</translation>
    </message>
    <message>
        <source>Open images…</source>
        <translation>Bilder öffnen…</translation>
    </message>
    <message>
        <source>Try the sample photos</source>
        <translation>Beispielfotos ausprobieren</translation>
    </message>
    <message>
        <source>Recent projects</source>
        <translation>Letzte Projekte</translation>
    </message>
    <message>
        <source>Open {0}</source>
        <translation>{0} öffnen</translation>
    </message>
</context>
<context>
    <name>StatusBar</name>
    <message>
        <source>Status</source>
        <translation>Status</translation>
    </message>
    <message>
        <source>Under the pointer</source>
        <translation>Unter dem Zeiger</translation>
    </message>
    <message>
        <source>Saving</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Hint</source>
        <translation>Hinweis</translation>
    </message>
    <message>
        <source>Time on this image</source>
        <translation>Zeit an diesem Bild</translation>
    </message>
    <message>
        <source>unlabelled</source>
        <translation>unbeschriftet</translation>
    </message>
    <message>
        <source>2nd choice {0}</source>
        <translation>2. Wahl {0}</translation>
    </message>
    <message>
        <source>about {0} left</source>
        <translation>noch etwa {0}</translation>
    </message>
    <message>
        <source>Time you have worked on this image, and what is left at your median pace</source>
        <translation>Ihre Arbeitszeit an diesem Bild, und was bei Ihrem mittleren Tempo noch bleibt</translation>
    </message>
</context>
<context>
    <name>Studio</name>
    <message>
        <source>It can go on by itself; when you open the project again, it is shown as if you had stayed.</source>
        <translation>Es kann von selbst weiterlaufen; öffnen Sie das Projekt wieder, wird es gezeigt, als wären Sie geblieben.</translation>
    </message>
    <message>
        <source>Let it go on and quit</source>
        <translation>Weiterlaufen lassen und beenden</translation>
    </message>
    <message>
        <source>Stop it and quit</source>
        <translation>Anhalten und beenden</translation>
    </message>
    <message>
        <source>Stay</source>
        <translation>Bleiben</translation>
    </message>
    <message>
        <source>A training is running</source>
        <translation>Ein Training läuft</translation>
    </message>
    <message>
        <source>Waiting for the disk</source>
        <translation>Warten auf die Platte</translation>
    </message>
    <message>
        <source>The studio closes as soon as every change is saved.</source>
        <translation>Das Studio schließt, sobald jede Änderung gespeichert ist.</translation>
    </message>
    <message>
        <source>Changes that are not on disk: {0}</source>
        <translation>Änderungen, die nicht auf der Platte sind: {0}</translation>
    </message>
    <message>
        <source>The disk refuses them; saving is tried again every few seconds. Make room on it, for example.</source>
        <translation>Die Platte nimmt sie nicht an; das Speichern wird alle paar Sekunden wieder versucht. Schaffen Sie zum Beispiel Platz.</translation>
    </message>
    <message>
        <source>Quit once they are saved</source>
        <translation>Beenden, sobald gespeichert</translation>
    </message>
    <message>
        <source>Quit and lose them</source>
        <translation>Beenden und verlieren</translation>
    </message>
    <message>
        <source>{0}. Open a folder of your own instead.</source>
        <translation>{0}. Öffnen Sie stattdessen einen eigenen Ordner.</translation>
    </message>
    <message>
        <source>The sample photos could not be copied</source>
        <translation>Die Beispielfotos konnten nicht kopiert werden</translation>
    </message>
    <message>
        <source>Copying the sample photos</source>
        <translation>Beispielfotos werden kopiert</translation>
    </message>
    <message>
        <source>Exporting</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Nothing was exported</source>
        <translation>Nichts wurde exportiert</translation>
    </message>
    <message>
        <source>Images written: {0}</source>
        <translation>Geschriebene Bilder: {0}</translation>
    </message>
    <message>
        <source>What the format could not carry:</source>
        <translation>Was das Format nicht aufnehmen konnte:</translation>
    </message>
    <message>
        <source>Export finished</source>
        <translation>Export beendet</translation>
    </message>
    <message>
        <source>Labelling with {0}</source>
        <translation>Beschriften mit {0}</translation>
    </message>
    <message>
        <source>The model was not loaded</source>
        <translation>Das Modell wurde nicht geladen</translation>
    </message>
</context>
<context>
    <name>SwipeView</name>
    <message>
        <source>Base left, new model right; the arrow keys move the line</source>
        <translation>Grundlage links, neues Modell rechts; die Pfeiltasten bewegen die Linie</translation>
    </message>
    <message>
        <source>base</source>
        <translation>Grundlage</translation>
    </message>
    <message>
        <source>new</source>
        <translation>neu</translation>
    </message>
</context>
<context>
    <name>TonesButton</name>
    <message>
        <source>Contrast and gamma of the image</source>
        <translation>Kontrast und Gamma des Bildes</translation>
    </message>
    <message>
        <source>Contrast and gamma</source>
        <translation>Kontrast und Gamma</translation>
    </message>
    <message>
        <source>Contrast</source>
        <translation>Kontrast</translation>
    </message>
    <message>
        <source>How far light and dark lie apart</source>
        <translation>Wie weit Hell und Dunkel auseinanderliegen</translation>
    </message>
    <message>
        <source>Lightens the shadows, or darkens them</source>
        <translation>Hellt die Schatten auf oder dunkelt sie ab</translation>
    </message>
    <message>
        <source>Gamma</source>
        <translation>Gamma</translation>
    </message>
    <message>
        <source>As it is</source>
        <translation>Wie sie ist</translation>
    </message>
</context>
<context>
    <name>ToolBox</name>
    <message>
        <source>Tools</source>
        <translation>Werkzeuge</translation>
    </message>
</context>
<context>
    <name>Tools</name>
    <message>
        <source>A pen&apos;s pressure sets the width</source>
        <translation>Der Druck des Stifts bestimmt die Breite</translation>
    </message>
    <message>
        <source>Model&apos;s 2nd choice</source>
        <translation>2. Wahl des Modells</translation>
    </message>
    <message>
        <source>A line</source>
        <translation>Eine Linie</translation>
    </message>
    <message>
        <source>A polygon needs three corners at least</source>
        <translation>Ein Vieleck braucht mindestens drei Ecken</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Hinzufügen</translation>
    </message>
    <message>
        <source>Amount</source>
        <translation>Betrag</translation>
    </message>
    <message>
        <source>Ask the model</source>
        <translation>Das Modell fragen</translation>
    </message>
    <message>
        <source>Border</source>
        <translation>Rand</translation>
    </message>
    <message>
        <source>Brush</source>
        <translation>Pinsel</translation>
    </message>
    <message>
        <source>Category</source>
        <translation>Kategorie</translation>
    </message>
    <message>
        <source>Click a part to give it to the current category · with Holes, click a segment to give it what it encloses</source>
        <translation>Einen Teil anklicken, um ihn der aktuellen Kategorie zu geben · mit Löchern: ein Segment anklicken, um ihm zu geben, was es umschließt</translation>
    </message>
    <message>
        <source>Click a segment to paint with its category</source>
        <translation>Ein Segment anklicken, um mit seiner Kategorie zu malen</translation>
    </message>
    <message>
        <source>Click a segment, again for the next one there · drag around several · Shift or Ctrl adds or takes away</source>
        <translation>Ein Segment anklicken, erneut für das nächste dort · um mehrere ziehen · Umschalt oder Strg fügt hinzu oder nimmt weg</translation>
    </message>
    <message>
        <source>Click a segment: void has no holes to fill</source>
        <translation>Ein Segment anklicken: Unbeschriftetes hat keine Löcher</translation>
    </message>
    <message>
        <source>Click along an edge; the line follows it · Enter, a double click or the first point commits · Backspace goes back · Esc cancels</source>
        <translation>Entlang einer Kante klicken; die Linie folgt ihr · Eingabe, Doppelklick oder der erste Punkt übernimmt · Rücktaste geht zurück · Esc bricht ab</translation>
    </message>
    <message>
        <source>Click corners, drag to move them · Enter or double click commits · Backspace removes the last, Alt + click any · Shift adds, Ctrl subtracts</source>
        <translation>Ecken klicken, ziehen zum Verschieben · Eingabe oder Doppelklick übernimmt · Rücktaste entfernt die letzte, Alt + Klick jede · Umschalt fügt hinzu, Strg zieht ab</translation>
    </message>
    <message>
        <source>Click three places at least</source>
        <translation>Mindestens drei Stellen anklicken</translation>
    </message>
    <message>
        <source>Copy from the image before</source>
        <translation>Aus dem Bild davor übernehmen</translation>
    </message>
    <message>
        <source>Drag a box or click: the model proposes a segment · click again for the next one</source>
        <translation>Rahmen ziehen oder klicken: das Modell schlägt ein Segment vor · noch einmal klicken für das nächste</translation>
    </message>
    <message>
        <source>A line cuts where it is drawn; scribbles let the edges of the picture decide where the border runs; the model divides where it is unsure</source>
        <translation>Eine Linie schneidet, wo sie gezogen wird; beim Kritzeln bestimmen die Kanten des Bildes die Grenze; das Modell teilt, wo es unsicher ist</translation>
    </message>
    <message>
        <source>Add to the selection</source>
        <translation>Zur Auswahl hinzufügen</translation>
    </message>
    <message>
        <source>As drawn</source>
        <translation>Wie gezeichnet</translation>
    </message>
    <message>
        <source>Drag a line right across a segment · with Scribbles, drag over each part, then Enter · with The model, click a segment · Backspace takes one back · Esc cancels</source>
        <translation>Eine Linie quer über ein Segment ziehen · mit Kritzeln über jeden Teil ziehen, dann Eingabe · mit Das Modell ein Segment anklicken · Rücktaste nimmt eine zurück · Esc bricht ab</translation>
    </message>
    <message>
        <source>Drag a rectangle first</source>
        <translation>Ziehen Sie erst ein Rechteck auf</translation>
    </message>
    <message>
        <source>Drag a rectangle: nothing outside can change · click to work on the whole image again · Esc cancels</source>
        <translation>Ein Rechteck ziehen: außerhalb kann sich nichts ändern · Klick: wieder am ganzen Bild arbeiten · Esc bricht ab</translation>
    </message>
    <message>
        <source>Drag around a region · Shift adds to the selected segment, Ctrl subtracts · Esc cancels</source>
        <translation>Um ein Gebiet ziehen · Umschalt fügt dem ausgewählten Segment hinzu, Strg zieht ab · Esc bricht ab</translation>
    </message>
    <message>
        <source>Drag on a segment: right grows, left shrinks · a click uses the amount above, Ctrl inverts · Esc cancels</source>
        <translation>Auf einem Segment ziehen: rechts wächst, links schrumpft · ein Klick nimmt den Betrag oben, Strg kehrt um · Esc bricht ab</translation>
    </message>
    <message>
        <source>Drag over pieces to collect them · [ ] for their size · Shift adds, Ctrl subtracts · Esc cancels</source>
        <translation>Über Stücke ziehen, um sie zu sammeln · [ ] für ihre Größe · Umschalt fügt hinzu, Strg zieht ab · Esc bricht ab</translation>
    </message>
    <message>
        <source>Drag to erase · Ctrl paints · Alt + drag or [ ] for the size · Esc cancels the stroke</source>
        <translation>Ziehen zum Radieren · Strg malt · Alt + Ziehen oder [ ] für die Größe · Esc bricht den Strich ab</translation>
    </message>
    <message>
        <source>Drag to paint · Ctrl erases · Alt + drag or [ ] for the size · Esc cancels the stroke</source>
        <translation>Ziehen zum Malen · Strg radiert · Alt + Ziehen oder [ ] für die Größe · Esc bricht den Strich ab</translation>
    </message>
    <message>
        <source>Enclosed specks of another colour belong to it too</source>
        <translation>Eingeschlossene Flecken anderer Farbe gehören auch dazu</translation>
    </message>
    <message>
        <source>Erase from</source>
        <translation>Radieren von</translation>
    </message>
    <message>
        <source>Erase to</source>
        <translation>Radieren zu</translation>
    </message>
    <message>
        <source>Eraser</source>
        <translation>Radierer</translation>
    </message>
    <message>
        <source>Every click adds a segment or takes it away, as with Shift held</source>
        <translation>Jeder Klick fügt ein Segment hinzu oder nimmt es weg, wie mit Umschalt</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>Alles</translation>
    </message>
    <message>
        <source>Fill holes</source>
        <translation>Löcher füllen</translation>
    </message>
    <message>
        <source>Fill</source>
        <translation>Füllen</translation>
    </message>
    <message>
        <source>Finding superpixels here …</source>
        <translation>Superpixel werden hier gesucht …</translation>
    </message>
    <message>
        <source>Grow and smooth</source>
        <translation>Wachsen und Glätten</translation>
    </message>
    <message>
        <source>Grow or shrink</source>
        <translation>Wachsen oder schrumpfen</translation>
    </message>
    <message>
        <source>Holes</source>
        <translation>Löcher</translation>
    </message>
    <message>
        <source>How far a colour may be from the one pressed on, in levels; a drag changes it</source>
        <translation>Wie weit eine Farbe von der angeklickten abweichen darf, in Stufen; Ziehen ändert es</translation>
    </message>
    <message>
        <source>How far from the place is looked, in rows and columns</source>
        <translation>Wie weit um die Stelle gesucht wird, in Zeilen und Spalten</translation>
    </message>
    <message>
        <source>Instances of which a larger share is covered by others are left out</source>
        <translation>Instanzen, von denen ein größerer Teil verdeckt ist, fallen weg</translation>
    </message>
    <message>
        <source>Instances that score below it are left out</source>
        <translation>Instanzen mit weniger Punkten fallen weg</translation>
    </message>
    <message>
        <source>Label this image again to know where the model is unsure of it</source>
        <translation>Beschriften Sie dieses Bild noch einmal, um zu wissen, wo das Modell unsicher ist</translation>
    </message>
    <message>
        <source>Lasso</source>
        <translation>Lasso</translation>
    </message>
    <message>
        <source>Least stuff</source>
        <translation>Kleinste Fläche</translation>
    </message>
    <message>
        <source>Looking at the edges here …</source>
        <translation>Die Kanten hier werden angesehen …</translation>
    </message>
    <message>
        <source>Magic wand</source>
        <translation>Zauberstab</translation>
    </message>
    <message>
        <source>May change</source>
        <translation>Änderbar</translation>
    </message>
    <message>
        <source>Model thresholds</source>
        <translation>Schwellen des Modells</translation>
    </message>
    <message>
        <source>Move the sliders: what the model would say instead is shown; your own work stays</source>
        <translation>Regler bewegen: gezeigt wird, was das Modell stattdessen sagt; Ihre eigene Arbeit bleibt</translation>
    </message>
    <message>
        <source>New</source>
        <translation>Neu</translation>
    </message>
    <message>
        <source>Nothing changed there: it is so already, is locked, or lies outside what may be painted over and the work area.</source>
        <translation>Dort hat sich nichts geändert: Es ist schon so, ist gesperrt oder liegt außerhalb dessen, was übermalt werden darf, oder des Arbeitsbereichs.</translation>
    </message>
    <message>
        <source>Of a click: [ and ]</source>
        <translation>Eines Klicks: [ und ]</translation>
    </message>
    <message>
        <source>Of a thing, the brush then goes on with the instance clicked instead of beginning a new one</source>
        <translation>Bei einem Ding setzt der Pinsel dann die angeklickte Instanz fort, statt eine neue zu beginnen</translation>
    </message>
    <message>
        <source>Overlap</source>
        <translation>Überdeckung</translation>
    </message>
    <message>
        <source>Paint over</source>
        <translation>Übermalen</translation>
    </message>
    <message>
        <source>Pen pressure</source>
        <translation>Stiftdruck</translation>
    </message>
    <message>
        <source>Pick category</source>
        <translation>Kategorie aufnehmen</translation>
    </message>
    <message>
        <source>Pieces</source>
        <translation>Stücke</translation>
    </message>
    <message>
        <source>Point at where a segment was in the image before; click to copy it to the same place here</source>
        <translation>Dorthin zeigen, wo ein Segment im Bild davor war; klicken übernimmt es an dieselbe Stelle</translation>
    </message>
    <message>
        <source>Polygon</source>
        <translation>Polygon</translation>
    </message>
    <message>
        <source>Press on a colour, drag right or left for more or less of it · Shift adds, Ctrl subtracts · Esc cancels</source>
        <translation>Auf eine Farbe drücken, nach rechts oder links ziehen für mehr oder weniger davon · Umschalt fügt hinzu, Strg zieht ab · Esc bricht ab</translation>
    </message>
    <message>
        <source>Reach</source>
        <translation>Reichweite</translation>
    </message>
    <message>
        <source>Reading the image before …</source>
        <translation>Das Bild davor wird gelesen …</translation>
    </message>
    <message>
        <source>Region</source>
        <translation>Gebiet</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>Punktzahl</translation>
    </message>
    <message>
        <source>Scribble on two parts of the segment at least, then press Enter</source>
        <translation>Auf mindestens zwei Teile des Segments kritzeln, dann Eingabe drücken</translation>
    </message>
    <message>
        <source>Scribbles</source>
        <translation>Kritzeln</translation>
    </message>
    <message>
        <source>Select it too</source>
        <translation>Auch auswählen</translation>
    </message>
    <message>
        <source>Select</source>
        <translation>Auswählen</translation>
    </message>
    <message>
        <source>Selected</source>
        <translation>Ausgewähltes</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Smaller areas of stuff stay unlabelled, in pixels of what the model sees</source>
        <translation>Kleinere Flächen bleiben unbeschriftet, in Pixeln dessen, was das Modell sieht</translation>
    </message>
    <message>
        <source>Smart scissors</source>
        <translation>Magnetische Schere</translation>
    </message>
    <message>
        <source>Smooth</source>
        <translation>Glätten</translation>
    </message>
    <message>
        <source>Split by</source>
        <translation>Teilen durch</translation>
    </message>
    <message>
        <source>Split</source>
        <translation>Teilen</translation>
    </message>
    <message>
        <source>Stuff around</source>
        <translation>Stoff ringsum</translation>
    </message>
    <message>
        <source>Stuff only</source>
        <translation>Nur Stoff</translation>
    </message>
    <message>
        <source>Subtract</source>
        <translation>Abziehen</translation>
    </message>
    <message>
        <source>Superpixel brush</source>
        <translation>Superpixel-Pinsel</translation>
    </message>
    <message>
        <source>The model finds nothing there; try a box around it</source>
        <translation>Das Modell findet dort nichts; ein Rahmen darum hilft vielleicht</translation>
    </message>
    <message>
        <source>The model is fusing again · Esc cancels</source>
        <translation>Das Modell fügt neu zusammen · Esc bricht ab</translation>
    </message>
    <message>
        <source>The model is looking · Esc cancels</source>
        <translation>Das Modell sucht · Esc bricht ab</translation>
    </message>
    <message>
        <source>The model</source>
        <translation>Das Modell</translation>
    </message>
    <message>
        <source>The part clicked</source>
        <translation>Der angeklickte Teil</translation>
    </message>
    <message>
        <source>The whole image</source>
        <translation>Das ganze Bild</translation>
    </message>
    <message>
        <source>Their size: [ and ]</source>
        <translation>Ihre Größe: [ und ]</translation>
    </message>
    <message>
        <source>There is no labelled image before this one in the project</source>
        <translation>Vor diesem Bild gibt es im Projekt kein beschriftetes</translation>
    </message>
    <message>
        <source>There is no segment here</source>
        <translation>Hier ist kein Segment</translation>
    </message>
    <message>
        <source>There is no segment under the line</source>
        <translation>Unter der Linie liegt kein Segment</translation>
    </message>
    <message>
        <source>Tolerance</source>
        <translation>Toleranz</translation>
    </message>
    <message>
        <source>Tools</source>
        <translation>Werkzeuge</translation>
    </message>
    <message>
        <source>Void only</source>
        <translation>Nur Unbeschriftetes</translation>
    </message>
    <message>
        <source>Void</source>
        <translation>Unbeschriftet</translation>
    </message>
    <message>
        <source>What a click fills</source>
        <translation>Was ein Klick füllt</translation>
    </message>
    <message>
        <source>What a click or a drag does</source>
        <translation>Was ein Klick oder Ziehen bewirkt</translation>
    </message>
    <message>
        <source>What erased pixels become</source>
        <translation>Was radierte Pixel werden</translation>
    </message>
    <message>
        <source>What it is, the likeliest first</source>
        <translation>Was es ist, das Wahrscheinlichste zuerst</translation>
    </message>
    <message>
        <source>What the region becomes. Holding Shift adds to the selected segment, Ctrl subtracts</source>
        <translation>Was das Gebiet wird. Umschalt halten fügt dem ausgewählten Segment hinzu, Strg zieht ab</translation>
    </message>
    <message>
        <source>What the tools may change</source>
        <translation>Was die Werkzeuge ändern dürfen</translation>
    </message>
    <message>
        <source>What</source>
        <translation>Was</translation>
    </message>
    <message>
        <source>Which pixels may change; locked segments never do</source>
        <translation>Welche Pixel sich ändern dürfen; gesperrte Segmente nie</translation>
    </message>
    <message>
        <source>Width: [ and ], or Alt + drag</source>
        <translation>Breite: [ und ], oder Alt + Ziehen</translation>
    </message>
    <message>
        <source>With these thresholds the model says what is there already</source>
        <translation>Mit diesen Schwellen sagt das Modell, was schon da ist</translation>
    </message>
    <message>
        <source>Work area</source>
        <translation>Arbeitsbereich</translation>
    </message>
    <message>
        <source>other thresholds</source>
        <translation>andere Schwellen</translation>
    </message>
    <message>
        <source>Painting {0} now</source>
        <translation>Gemalt wird jetzt {0}</translation>
    </message>
    <message>
        <source>Smooth by {0} px</source>
        <translation>Um {0} px glätten</translation>
    </message>
    <message>
        <source>Grow by {0} px</source>
        <translation>Um {0} px erweitern</translation>
    </message>
    <message>
        <source>Shrink by {0} px</source>
        <translation>Um {0} px verkleinern</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} von {1}</translation>
    </message>
    <message>
        <source>Enter takes it, Esc not · Shift adds, Ctrl takes away</source>
        <translation>Eingabe übernimmt, Esc nicht · Umschalt fügt hinzu, Strg nimmt weg</translation>
    </message>
</context>
<context>
    <name>Topics</name>
    <message>
        <source>Begin here: drop a folder of photos, or try the ones that come along.</source>
        <translation>Hier beginnen: Legen Sie einen Ordner mit Fotos ab, oder probieren Sie die mitgelieferten.</translation>
    </message>
    <message>
        <source>Every change of this image, also of former days. Click one to go back or forward.</source>
        <translation>Jede Änderung dieses Bildes, auch von früheren Tagen. Ein Klick geht dorthin zurück oder vor.</translation>
    </message>
    <message>
        <source>Every message since the start, to read again and to copy.</source>
        <translation>Jede Meldung seit dem Start, zum Nachlesen und Kopieren.</translation>
    </message>
    <message>
        <source>The image with its labels. Hold Space or the middle button to look around, turn the wheel to zoom, hold H to see the photo alone. What a click does depends on the tool; the status bar says it.</source>
        <translation>Das Bild mit seiner Beschriftung. Leertaste oder mittlere Taste halten, um sich umzusehen, am Rad drehen zum Zoomen, H halten für das Foto allein. Was ein Klick tut, hängt vom Werkzeug ab; die Statuszeile sagt es.</translation>
    </message>
    <message>
        <source>The images of the project with what is done with each: new, labelled by the model, in progress, accepted, flagged. Type to filter, click to open.</source>
        <translation>Die Bilder des Projekts mit ihrem Stand: neu, vom Modell beschriftet, in Arbeit, angenommen, markiert. Tippen filtert, ein Klick öffnet.</translation>
    </message>
    <message>
        <source>The options of the tool in use, and what may change: which pixels can be painted over, and what erased ones become.</source>
        <translation>Die Einstellungen des Werkzeugs, und was sich ändern darf: welche Pixel übermalt werden können und was aus gelöschten wird.</translation>
    </message>
    <message>
        <source>The parts of this image: each pixel belongs to exactly one. What is selected here is selected on the image.</source>
        <translation>Die Teile dieses Bildes: Jedes Pixel gehört zu genau einem. Was hier ausgewählt ist, ist es auch im Bild.</translation>
    </message>
    <message>
        <source>The project, the model that labels, and the engine that runs it. Click for what can be done.</source>
        <translation>Das Projekt, das Modell, das beschriftet, und die Engine, auf der es läuft. Ein Klick zeigt, was sich damit tun lässt.</translation>
    </message>
    <message>
        <source>The tools, and what is done most often. Hold the pointer over one for its name and key.</source>
        <translation>Die Werkzeuge, und was man am häufigsten tut. Der Zeiger darüber nennt Namen und Taste.</translation>
    </message>
    <message>
        <source>The training on your corrections: how the loss falls, and how good the model is on images held back.</source>
        <translation>Das Training mit Ihren Korrekturen: wie der Verlust fällt, und wie gut das Modell auf zurückgehaltenen Bildern ist.</translation>
    </message>
    <message>
        <source>The whole image; click or drag to look there.</source>
        <translation>Das ganze Bild; ein Klick oder Ziehen führt dorthin.</translation>
    </message>
    <message>
        <source>What a pixel can show. Click one to paint with it; double-click, or press its digit, to give it to the selected segments. The eye hides it, the lock keeps it from every edit.</source>
        <translation>Was ein Pixel zeigen kann. Ein Klick malt damit; ein Doppelklick oder die Ziffer gibt sie den ausgewählten Segmenten. Das Auge blendet sie aus, das Schloss schützt sie vor jeder Änderung.</translation>
    </message>
    <message>
        <source>What is known of the image and of the selected segments.</source>
        <translation>Was über das Bild und die ausgewählten Segmente bekannt ist.</translation>
    </message>
    <message>
        <source>What the tool in use waits for, what is under the pointer, when the last change was saved, and the work in the background with its pause and stop.</source>
        <translation>Worauf das Werkzeug wartet, was unter dem Zeiger liegt, wann die letzte Änderung gespeichert wurde, und die Arbeit im Hintergrund mit Pause und Stopp.</translation>
    </message>
    <message>
        <source>Where the model is least sure. Looking there first brings most for your time.</source>
        <translation>Wo das Modell am unsichersten ist. Dort zuerst nachzusehen bringt am meisten.</translation>
    </message>
</context>
<context>
    <name>Tour</name>
    <message>
        <source>Begin</source>
        <translation>Beginnen</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>Enough</source>
        <translation>Genug</translation>
    </message>
    <message>
        <source>Colours are categories, lines go around segments: so the model sees this photo.</source>
        <translation>Farben sind Kategorien, Linien umgeben Segmente: So sieht das Modell dieses Foto.</translation>
    </message>
    <message>
        <source>Hold H to see the photo alone.</source>
        <translation>Halten Sie H, um nur das Foto zu sehen.</translation>
    </message>
    <message>
        <source>Click a segment and press a digit for another category, or paint over it with the brush ({0}).</source>
        <translation>Klicken Sie ein Segment an und drücken Sie eine Ziffer für eine andere Kategorie, oder übermalen Sie es mit dem Pinsel ({0}).</translation>
    </message>
    <message>
        <source>Every stroke is saved at once; {0} takes it back.</source>
        <translation>Jeder Strich ist sofort gespeichert; {0} nimmt ihn zurück.</translation>
    </message>
    <message>
        <source>{0} accepts the image and opens the next one.</source>
        <translation>{0} nimmt das Bild an und öffnet das nächste.</translation>
    </message>
    <message>
        <source>What you accept and correct can teach the model: {0}.</source>
        <translation>Was Sie annehmen und korrigieren, kann das Modell lehren: {0}.</translation>
    </message>
    <message>
        <source>{0} opens the guide at the part in use.</source>
        <translation>{0} öffnet das Handbuch zu dem Teil, an dem Sie arbeiten.</translation>
    </message>
    <message>
        <source>Drop a folder of your own photos into the window to begin. {0} finds every command.</source>
        <translation>Ziehen Sie einen Ordner mit eigenen Fotos ins Fenster, um zu beginnen. {0} findet jeden Befehl.</translation>
    </message>
    <message>
        <source>The model suggests</source>
        <translation>Das Modell schlägt vor</translation>
    </message>
    <message>
        <source>You correct</source>
        <translation>Sie korrigieren</translation>
    </message>
    <message>
        <source>You say what is right</source>
        <translation>Sie sagen, was stimmt</translation>
    </message>
    <message>
        <source>With your own photos</source>
        <translation>Mit Ihren eigenen Fotos</translation>
    </message>
</context>
<context>
    <name>TrainDialog</name>
    <message>
        <source>Train on the corrections</source>
        <translation>Mit den Korrekturen trainieren</translation>
    </message>
    <message>
        <source>Accepted images, entirely: {0}</source>
        <translation>Angenommene Bilder, ganz: {0}</translation>
    </message>
    <message>
        <source>Others, only what you changed in them: {0}</source>
        <translation>Andere, nur was Sie darin geändert haben: {0}</translation>
    </message>
    <message>
        <source>Learns from</source>
        <translation>Lernt aus</translation>
    </message>
    <message>
        <source>Begins with</source>
        <translation>Beginnt mit</translation>
    </message>
    <message>
        <source>Runs on</source>
        <translation>Läuft auf</translation>
    </message>
    <message>
        <source>about {0} min, beside your work</source>
        <translation>etwa {0} min, neben Ihrer Arbeit</translation>
    </message>
    <message>
        <source>Takes</source>
        <translation>Dauert</translation>
    </message>
    <message>
        <source>Is judged by</source>
        <translation>Wird beurteilt nach</translation>
    </message>
    <message>
        <source>Name of the new model</source>
        <translation>Name des neuen Modells</translation>
    </message>
    <message>
        <source>New model</source>
        <translation>Neues Modell</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>Start</translation>
    </message>
    <message>
        <source>You can go on labelling meanwhile. The model in use stays until you choose the new one.</source>
        <translation>Sie können inzwischen weiter beschriften. Das verwendete Modell bleibt, bis Sie das neue wählen.</translation>
    </message>
    <message>
        <source>There is nothing to learn from yet: correct or accept some images first.</source>
        <translation>Noch gibt es nichts zu lernen: Korrigieren oder nehmen Sie zuerst einige Bilder an.</translation>
    </message>
    <message>
        <source>Give the model a name that can be a folder&apos;s name.</source>
        <translation>Geben Sie dem Modell einen Namen, der auch ein Ordnername sein kann.</translation>
    </message>
    <message>
        <source>nothing: with five images or more, some are held back to compare the models</source>
        <translation>nichts: ab fünf Bildern werden einige zurückgehalten, um die Modelle zu vergleichen</translation>
    </message>
    <message>
        <source>every fifth image, which is held back; it is recommended only if it is better on these</source>
        <translation>jedem fünften Bild, das zurückgehalten wird; empfohlen wird es nur, wenn es dort besser ist</translation>
    </message>
</context>
<context>
    <name>TrainerProcess</name>
    <message>
        <source>paused</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>starting</source>
        <translation>startet</translation>
    </message>
    <message>
        <source>pausing</source>
        <translation>hält an</translation>
    </message>
    <message>
        <source>stopping</source>
        <translation>hält an</translation>
    </message>
    <message>
        <source>{0} left</source>
        <translation>noch {0}</translation>
    </message>
    <message>
        <source>the training ended unexpectedly (code {0})</source>
        <translation>das Training endete unerwartet (Code {0})</translation>
    </message>
    <message>
        <source>the training was ended by the system, perhaps for want of memory</source>
        <translation>das Training wurde vom System beendet, vielleicht aus Speichermangel</translation>
    </message>
    <message>
        <source>the training could not be started: {0}</source>
        <translation>das Training konnte nicht gestartet werden: {0}</translation>
    </message>
</context>
<context>
    <name>TrainingCommands</name>
    <message>
        <source>the starter model</source>
        <translation>das Startmodell</translation>
    </message>
    <message>
        <source>The comparison cannot be shown</source>
        <translation>Der Vergleich kann nicht gezeigt werden</translation>
    </message>
</context>
<context>
    <name>TrainingPanel</name>
    <message>
        <source>Training</source>
        <translation>Training</translation>
    </message>
    <message>
        <source>No training yet.</source>
        <translation>Noch kein Training.</translation>
    </message>
    <message>
        <source>Log of the training</source>
        <translation>Protokoll des Trainings</translation>
    </message>
    <message>
        <source>Train…</source>
        <translation>Trainieren…</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Use the new model</source>
        <translation>Neues Modell verwenden</translation>
    </message>
    <message>
        <source>Compare…</source>
        <translation>Vergleichen…</translation>
    </message>
    <message>
        <source>Go back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Label with the model again that was used before</source>
        <translation>Wieder mit dem zuvor verwendeten Modell beschriften</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Startet…</translation>
    </message>
    <message>
        <source>Stopped.</source>
        <translation>Angehalten.</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Use it all the same</source>
        <translation>Trotzdem verwenden</translation>
    </message>
    <message>
        <source>{0} steps on {1} images, on {2}</source>
        <translation>{0} Schritte mit {1} Bildern, auf {2}</translation>
    </message>
    <message>
        <source>Step {0}: loss {1}</source>
        <translation>Schritt {0}: Verlust {1}</translation>
    </message>
    <message>
        <source>The base, on what was held back: {0}</source>
        <translation>Die Grundlage, auf dem Zurückgehaltenen: {0}</translation>
    </message>
    <message>
        <source>After step {0}: {1}</source>
        <translation>Nach Schritt {0}: {1}</translation>
    </message>
    <message>
        <source>Paused. It goes on from here whenever you like, also after a restart.</source>
        <translation>Angehalten. Es geht von hier weiter, wann immer Sie wollen, auch nach einem Neustart.</translation>
    </message>
    <message>
        <source>Done. The new model is kept as a candidate: {0}.</source>
        <translation>Fertig. Das neue Modell wird als Kandidat behalten: {0}.</translation>
    </message>
    <message>
        <source>Done. The new model is better: {0}.</source>
        <translation>Fertig. Das neue Modell ist besser: {0}.</translation>
    </message>
    <message>
        <source>Done. The new model is ready.</source>
        <translation>Fertig. Das neue Modell ist bereit.</translation>
    </message>
</context>
<context>
    <name>Trainings</name>
    <message>
        <source>{0} exists already. Give the model another name.</source>
        <translation>{0} gibt es schon. Geben Sie dem Modell einen anderen Namen.</translation>
    </message>
    <message>
        <source>The training did not start</source>
        <translation>Das Training begann nicht</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>Training</translation>
    </message>
    <message>
        <source>The training failed</source>
        <translation>Das Training ist gescheitert</translation>
    </message>
    <message>
        <source>Later</source>
        <translation>Später</translation>
    </message>
    <message>
        <source>Compare…</source>
        <translation>Vergleichen…</translation>
    </message>
    <message>
        <source>Use the new model</source>
        <translation>Neues Modell verwenden</translation>
    </message>
    <message>
        <source>It learned from your corrections.</source>
        <translation>Es hat aus Ihren Korrekturen gelernt.</translation>
    </message>
    <message>
        <source>Use it for the next images?</source>
        <translation>Für die nächsten Bilder verwenden?</translation>
    </message>
    <message>
        <source>The new model is ready</source>
        <translation>Das neue Modell ist fertig</translation>
    </message>
    <message>
        <source>Use it all the same</source>
        <translation>Trotzdem verwenden</translation>
    </message>
    <message>
        <source>It is kept, but not put to use: {0}.</source>
        <translation>Es wird behalten, aber nicht eingesetzt: {0}.</translation>
    </message>
    <message>
        <source>The new model is a candidate</source>
        <translation>Das neue Modell ist ein Kandidat</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>lasso</source>
        <translation>Lasso</translation>
    </message>
    <message>
        <source>magic wand</source>
        <translation>Zauberstab</translation>
    </message>
    <message>
        <source>polygon</source>
        <translation>Polygon</translation>
    </message>
    <message>
        <source>smart scissors</source>
        <translation>Magnetische Schere</translation>
    </message>
    <message>
        <source>superpixel brush</source>
        <translation>Superpixel-Pinsel</translation>
    </message>
    <message>
        <source>the selected segments</source>
        <translation>die ausgewählten Segmente</translation>
    </message>
    <message>
        <source>void and stuff</source>
        <translation>Unbeschriftetes und Stoffe</translation>
    </message>
    <message>
        <source>void</source>
        <translation>Unbeschriftetes</translation>
    </message>
    <message>
        <source>{0} segments</source>
        <translation>{0} Segmente</translation>
    </message>
</context>
</TS>
